//! `tallygate check`.

use std::process::ExitCode;

use anyhow::Result;
use tallygate_front::OpenRoute;
use tallygate_host::EngineLimits;

use super::bad_configuration;
use crate::arguments::CheckArguments;
use crate::check;
use crate::config::{Config, Problem};
use crate::out::say;
use crate::roles::{Role, Roles};

pub(crate) fn check(arguments: &CheckArguments) -> Result<ExitCode> {
    let file = &arguments.file.config;
    let roles = arguments.roles.clone().unwrap_or_default();
    let (problems, open, takes_nothing, memory) = match Config::load(file) {
        Ok(config) => (
            check::all(&config, &roles),
            open_routes(&config, &roles),
            takes_nothing(&config, &roles),
            policies_memory(&config, &roles),
        ),
        Err(problems) => (problems, Vec::new(), None, None),
    };
    if arguments.json {
        let problem =
            |p: &Problem| serde_json::json!({ "file": p.file, "line": p.line, "key": p.key, "message": p.message });
        let route = |open: &OpenRoute| serde_json::json!({ "route": open.route, "host": open.host, "path": open.path, "partner": open.partner });
        say(serde_json::json!({
            "problems": problems.iter().map(problem).collect::<Vec<_>>(),
            "open_to_anyone": open.iter().map(route).collect::<Vec<_>>(),
            "takes_nothing": takes_nothing,
        }))?;
        return Ok(if problems.is_empty() { ExitCode::SUCCESS } else { bad_configuration::code() });
    }
    if !problems.is_empty() {
        return Ok(bad_configuration::told(&problems));
    }
    for line in open.iter().map(ToString::to_string).chain(takes_nothing).chain(memory) {
        say(line)?;
    }
    say(format_args!("{}: good", file.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// What policies that take long may hold at most, beside what requests need, where these roles run any.
pub(super) fn policies_memory(config: &Config, roles: &Roles) -> Option<String> {
    let largest = config.policies.policies.iter().map(|policy| policy.limits.memory).max()?;
    let places = EngineLimits::default().slow();
    let mib = |bytes: u64| bytes.div_ceil(1 << 20);
    let (largest, all) = (largest as u64, largest as u64 * u64::from(places));
    roles.has(Role::Gateway).then(|| {
        format!(
            "memory: {} MiB for requests (limits.body_memory); policies that take long over messages may hold {} MiB beside it, \
             {places} times the largest limits.memory of any, {} MiB",
            mib(config.front.limits.held_bytes as u64),
            mib(all),
            mib(largest)
        )
    })
}

/// Why a gateway with these roles takes nothing from partners, though nothing is wrong.
pub(super) fn takes_nothing(config: &Config, roles: &Roles) -> Option<String> {
    let missing = match (config.front.listeners.is_empty(), config.front.routes.is_empty()) {
        (true, true) => "no [[listeners]] and no [[routes]]",
        (true, false) => "no [[listeners]]",
        (false, true) => "no [[routes]]",
        (false, false) => return None,
    };
    roles.has(Role::Gateway).then(|| format!("the file has {missing}: the gateway takes nothing from partners"))
}

/// What of the partners' side is open to anyone, where these roles have one.
pub(super) fn open_routes(config: &Config, roles: &Roles) -> Vec<OpenRoute> {
    if roles.has(Role::Gateway) { config.front.open_routes() } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of a configuration and roles.
    fn told(tell: fn(&Config, &Roles) -> Option<String>, text: &str, roles: &str) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tallygate.toml");
        std::fs::write(&file, text).unwrap();
        tell(&Config::load(&file).unwrap(), &roles.parse().unwrap())
    }

    #[test]
    fn what_policies_may_hold_beside_requests_is_told() {
        let told = |text: &str, roles: &str| told(policies_memory, text, roles);
        let policies = "[policies.small]\n[policies.large]\nlimits = { memory = \"128 MiB\" }\n";
        let places = EngineLimits::default().slow();
        let expected = format!(
            "may hold {} MiB beside it, {places} times the largest limits.memory of any, 128 MiB",
            128 * places
        );
        assert!(told(policies, "gateway,shipper").unwrap().ends_with(&expected));
        assert_eq!((told("", "gateway,shipper"), told(policies, "shipper,aggregator,console")), (None, None));
    }

    #[test]
    fn a_gateway_that_takes_nothing_is_told_and_one_without_the_role_is_not() {
        let told = |text: &str, roles: &str| told(takes_nothing, text, roles);
        assert!(told("", "gateway,shipper").unwrap().contains("no [[listeners]] and no [[routes]]"));
        assert_eq!(told("", "shipper,aggregator,console"), None);
        let listener = "[[listeners]]\nname = \"a\"\naddress = \"127.0.0.1:0\"\n";
        assert!(told(listener, "gateway").unwrap().contains("has no [[routes]]"));
        let route =
            "[[routes]]\nname = \"r\"\npath = \"/\"\nupstream = \"u\"\n[upstreams.u]\ntargets = [\"http://a:1\"]\n";
        assert_eq!(told(&format!("{listener}{route}"), "gateway"), None);
    }
}
