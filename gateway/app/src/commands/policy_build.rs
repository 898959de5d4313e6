//! `tallygate policy build`: a component of a policy's crate.

use std::process::ExitCode;

use anyhow::Result;

use crate::arguments::PolicyBuildArguments;
use crate::authoring;
use crate::out::say;

pub(crate) fn build(arguments: &PolicyBuildArguments) -> Result<ExitCode> {
    let built = authoring::build(arguments)?;
    say(format_args!("{}  {} bytes", built.component.display(), built.bytes))?;
    Ok(ExitCode::SUCCESS)
}
