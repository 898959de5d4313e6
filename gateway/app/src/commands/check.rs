//! `tallygate check`.

use std::process::ExitCode;

use anyhow::Result;

use super::bad_configuration;
use crate::arguments::CheckArguments;
use crate::check;
use crate::config::{Config, Problem};
use crate::roles::{Role, Roles};

pub(crate) fn check(arguments: &CheckArguments) -> Result<ExitCode> {
    let file = &arguments.file.config;
    let problems = match Config::load(file) {
        Ok(config) => refused(&config, &arguments.roles.clone().unwrap_or_default()),
        Err(problems) => problems,
    };
    if arguments.json {
        let problem =
            |p: &Problem| serde_json::json!({ "file": p.file, "line": p.line, "key": p.key, "message": p.message });
        println!("{}", serde_json::json!({ "problems": problems.iter().map(problem).collect::<Vec<_>>() }));
        return Ok(if problems.is_empty() { ExitCode::SUCCESS } else { bad_configuration::code() });
    }
    if !problems.is_empty() {
        return Ok(bad_configuration::told(&problems));
    }
    println!("{}: good", file.display());
    Ok(ExitCode::SUCCESS)
}

/// What `run` would refuse for these roles.
fn refused(config: &Config, roles: &Roles) -> Vec<Problem> {
    let mut problems = check::environs(config, roles);
    if roles.has(Role::Gateway) {
        problems.extend(check::components(config));
    }
    problems.sort_by_key(|problem| problem.line);
    problems
}
