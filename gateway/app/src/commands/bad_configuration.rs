//! How a command ends that was given a bad configuration.

use std::process::ExitCode;

use crate::config::Problem;
use crate::out::complain;

/// `EX_CONFIG` of sysexits.h.
const BAD_CONFIGURATION: u8 = 78;

/// Tells the problems on standard error.
pub(crate) fn told(problems: &[Problem]) -> ExitCode {
    problems.iter().for_each(complain);
    code()
}

/// The exit code of a bad configuration.
pub(crate) fn code() -> ExitCode {
    ExitCode::from(BAD_CONFIGURATION)
}
