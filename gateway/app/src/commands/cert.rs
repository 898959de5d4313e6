//! `tallygate cert`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

use crate::certs;
use crate::out::say;

pub(crate) fn cert(folder: &Path, partners: &[String]) -> Result<ExitCode> {
    let made = certs::make(folder, partners)?;
    for file in &made.written {
        say(format_args!("wrote {}", file.display()))?;
    }
    for file in &made.kept {
        say(format_args!("kept  {}", file.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}
