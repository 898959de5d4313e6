//! `tallygate check`.

use std::process::ExitCode;

use anyhow::Result;
use tallygate_front::OpenRoute;

use super::bad_configuration;
use crate::arguments::CheckArguments;
use crate::check;
use crate::config::{Config, Problem};
use crate::out::say;
use crate::roles::{Role, Roles};

pub(crate) fn check(arguments: &CheckArguments) -> Result<ExitCode> {
    let file = &arguments.file.config;
    let roles = arguments.roles.clone().unwrap_or_default();
    let (problems, open) = match Config::load(file) {
        Ok(config) => (check::all(&config, &roles), open_routes(&config, &roles)),
        Err(problems) => (problems, Vec::new()),
    };
    if arguments.json {
        let problem =
            |p: &Problem| serde_json::json!({ "file": p.file, "line": p.line, "key": p.key, "message": p.message });
        let route = |open: &OpenRoute| serde_json::json!({ "route": open.route, "host": open.host, "path": open.path, "partner": open.partner });
        say(serde_json::json!({
            "problems": problems.iter().map(problem).collect::<Vec<_>>(),
            "open_to_anyone": open.iter().map(route).collect::<Vec<_>>(),
        }))?;
        return Ok(if problems.is_empty() { ExitCode::SUCCESS } else { bad_configuration::code() });
    }
    if !problems.is_empty() {
        return Ok(bad_configuration::told(&problems));
    }
    for open in open {
        say(open)?;
    }
    say(format_args!("{}: good", file.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// What of the partners' side is open to anyone, where these roles have one.
pub(super) fn open_routes(config: &Config, roles: &Roles) -> Vec<OpenRoute> {
    if roles.has(Role::Gateway) { config.front.open_routes() } else { Vec::new() }
}
