//! `tallygate dead-letters list`, `show` and `export`: reading them beside running processes.

use std::io::{BufWriter, Write, stdout};
use std::process::ExitCode;

use anyhow::{Result, bail};
use tallygate_reading::dead_letters::{self, Filter, Position};
use tallygate_stream::Stream;

use crate::arguments::{DeadLettersCommand, Which};
use crate::config::Config;
use crate::out::{Unsaid, say};
use crate::parts;
use crate::runtime::small_runtime;

pub(crate) fn dead_letters(config: &Config, command: &DeadLettersCommand) -> Result<ExitCode> {
    small_runtime()?.block_on(async {
        let stream = parts::read_stream(config)?;
        let shown = match command {
            DeadLettersCommand::List { day, partner, limit, json, .. } => {
                let filter = Filter { day: *day, partner: partner.clone(), reason: None, most: *limit };
                let listing = dead_letters::list(&*stream, &filter).await?;
                if *json { listing.to_json() } else { listing.to_text() }
            }
            DeadLettersCommand::Show { letter, json, .. } => {
                let position: Position = letter.parse().map_err(anyhow::Error::msg)?;
                let Some(shown) = dead_letters::show(&*stream, position).await? else {
                    bail!("there is no dead letter {letter}")
                };
                if *json { shown.to_json() } else { shown.to_text() }
            }
            DeadLettersCommand::Export { which, .. } => return export(&*stream, which).await,
            DeadLettersCommand::Replay(_) => bail!("letters are replayed by a running gateway"),
        };
        say(shown.trim_end())?;
        Ok(ExitCode::SUCCESS)
    })
}

async fn export(stream: &dyn Stream, which: &Which) -> Result<ExitCode> {
    let mut out = BufWriter::new(stdout().lock());
    let mut written = Ok(());
    dead_letters::each(stream, &filter(which), |original| {
        if written.is_ok() {
            written = writeln!(out, "{}", original.to_line());
        }
    })
    .await?;
    written.and_then(|()| out.flush()).map_err(Unsaid)?;
    Ok(ExitCode::SUCCESS)
}

/// The filter that these arguments name.
pub(super) fn filter(which: &Which) -> Filter {
    let Which { day, partner, reason } = which.clone();
    Filter { day, partner, reason, ..Filter::default() }
}
