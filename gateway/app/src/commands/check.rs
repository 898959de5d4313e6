//! `tallygate check`.

use std::process::ExitCode;

use anyhow::Result;

use super::bad_configuration;
use crate::arguments::CheckArguments;
use crate::check;
use crate::config::{Config, Problem};
use crate::out::say;

pub(crate) fn check(arguments: &CheckArguments) -> Result<ExitCode> {
    let file = &arguments.file.config;
    let problems = match Config::load(file) {
        Ok(config) => check::all(&config, &arguments.roles.clone().unwrap_or_default()),
        Err(problems) => problems,
    };
    if arguments.json {
        let problem =
            |p: &Problem| serde_json::json!({ "file": p.file, "line": p.line, "key": p.key, "message": p.message });
        say(serde_json::json!({ "problems": problems.iter().map(problem).collect::<Vec<_>>() }))?;
        return Ok(if problems.is_empty() { ExitCode::SUCCESS } else { bad_configuration::code() });
    }
    if !problems.is_empty() {
        return Ok(bad_configuration::told(&problems));
    }
    say(format_args!("{}: good", file.display()))?;
    Ok(ExitCode::SUCCESS)
}
