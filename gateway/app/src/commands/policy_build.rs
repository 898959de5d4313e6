//! `tallygate policy build`: a component of a policy's crate.

use std::process::ExitCode;

use anyhow::Result;

use crate::arguments::PolicyBuildArguments;
use crate::authoring;

pub(crate) fn build(arguments: &PolicyBuildArguments) -> Result<ExitCode> {
    let built = authoring::build(arguments)?;
    println!("{}  {} bytes", built.component.display(), built.bytes);
    Ok(ExitCode::SUCCESS)
}
