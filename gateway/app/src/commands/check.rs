//! `tallygate check`, and the loading that every other command begins with.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

use crate::cli::BAD_CONFIGURATION;
use crate::config::{Config, Problem, Roles};
use crate::parts;

pub(crate) fn check(file: &Path, roles: &Roles, json: bool) -> Result<ExitCode> {
    let problems = load(file, roles).err().unwrap_or_default();
    if json {
        let problem =
            |p: &Problem| serde_json::json!({ "file": p.file, "line": p.line, "key": p.key, "message": p.message });
        println!("{}", serde_json::json!({ "problems": problems.iter().map(problem).collect::<Vec<_>>() }));
    } else if problems.is_empty() {
        println!("{}: good", file.display());
    } else {
        problems.iter().for_each(|problem| eprintln!("{problem}"));
    }
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(BAD_CONFIGURATION) })
}

/// Reads a configuration and checks it for these roles.
pub(crate) fn load(file: &Path, roles: &Roles) -> Result<Config, Vec<Problem>> {
    let config = Config::load(file)?;
    let problem = |(line, message)| Problem { file: file.to_owned(), line, key: String::new(), message };
    let mut problems: Vec<Problem> = parts::check(&config).into_iter().map(problem).collect();
    if let Err(message) = roles.check(&config) {
        problems.push(problem((1, message)));
    }
    if problems.is_empty() { Ok(config) } else { Err(problems) }
}
