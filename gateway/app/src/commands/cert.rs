//! `tallygate cert`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

use crate::certs;

pub(crate) fn cert(folder: &Path, partners: &[String]) -> Result<ExitCode> {
    let made = certs::make(folder, partners)?;
    made.written.iter().for_each(|file| println!("wrote {}", file.display()));
    made.kept.iter().for_each(|file| println!("kept  {}", file.display()));
    Ok(ExitCode::SUCCESS)
}
