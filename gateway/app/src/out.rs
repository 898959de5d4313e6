//! What commands say, on standard output and standard error, also where nobody reads them any more.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use anyhow::Result;

use crate::logging;

/// What a shell shows of a program that the signal SIGPIPE ended, 128 + 13, as it ends those of coreutils: a script with
/// `pipefail` can tell it from a failure, and from success, since not all was said.
const NOBODY_READS: u8 = 141;

/// Standard output did not take what a command had to say.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output: {0}")]
pub(crate) struct Unsaid(pub(crate) io::Error);

/// Says this on standard output, and ends the line.
pub(crate) fn say(text: impl Display) -> Result<(), Unsaid> {
    writeln!(io::stdout().lock(), "{text}").map_err(Unsaid)
}

/// Says this on standard output, and stays on the line.
pub(crate) fn ask(text: impl Display) -> Result<(), Unsaid> {
    let mut out = io::stdout().lock();
    write!(out, "{text}").and_then(|()| out.flush()).map_err(Unsaid)
}

/// Says this on standard error, and ends the line; in a process that logs, as a line of its log.
pub(crate) fn complain(text: impl Display) {
    let line = format!("{text}\n");
    match logging::log() {
        Some(log) => log.line(line.as_bytes()),
        // Where it cannot be said, there is no other place to say that.
        None => drop(io::stderr().lock().write_all(line.as_bytes())),
    }
}

/// How a command ends: quietly where nobody reads on, else with what went wrong; and with its log written.
pub(crate) fn ended(outcome: Result<ExitCode>) -> ExitCode {
    let code = outcome.unwrap_or_else(|error| match error.downcast_ref::<Unsaid>() {
        Some(Unsaid(why)) if why.kind() == ErrorKind::BrokenPipe => ExitCode::from(NOBODY_READS),
        _ => {
            complain(format_args!("tallygate: {error:#}"));
            ExitCode::FAILURE
        }
    });
    if let Some(log) = logging::log() {
        log.flush();
    }
    code
}
