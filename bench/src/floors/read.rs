//! The proof's floor: every line of the journals and every record of the log, read and dropped.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::Result;
use tallygate_stream::{Start, Topic};

use crate::reconcile::load;

/// Reads the journals and the log of a site.
pub async fn read(config: &Path) -> Result<()> {
    let config = load(config)?;
    let mut line = Vec::new();
    for file in std::fs::read_dir(&config.front.journal)? {
        let mut journal = BufReader::new(File::open(file?.path())?);
        while journal.read_until(b'\n', &mut line)? > 0 {
            line.clear();
        }
    }
    let stream = tallygate::parts::read_stream(&config)?;
    let bounds = stream.bounds(Topic::Transactions).await?;
    let starts = bounds.iter().map(|bounds| (bounds.partition, Start::Beginning)).collect();
    let mut log = stream.follow(Topic::Transactions, starts).await?;
    while !log.next().await?.caught_up {}
    Ok(())
}
