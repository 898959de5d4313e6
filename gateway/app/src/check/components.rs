//! Components that cannot be put into service.

use std::sync::Arc;

use tallygate_front::PolicyRegistry;
use tallygate_front::registry::{Refused, RegistryError};
use tallygate_host::{ActivationError, PolicyFailure};

use crate::config::{Config, Places, Problem};
use crate::policy_engine;

/// Compiles and configures what the gateway would put into service or take in, where that was not done before: each
/// policy's active version, the file's component, and the versions that routes pin.
pub(crate) fn components(config: &Config) -> Vec<Problem> {
    if config.policies.names().is_empty() {
        return Vec::new();
    }
    // A gateway's own: where the system does not give it, no gateway starts.
    let engine = match policy_engine::whole() {
        Ok(engine) => engine,
        Err(error) => return vec![config.places.problem("policies", error)],
    };
    let refused = PolicyRegistry::check(&config.policies, Arc::new(engine));
    let problem = |refused: &Refused| config.places.problem(key(config, refused), message(refused));
    let mut problems: Vec<Problem> = refused.iter().map(problem).collect();
    problems.sort_by_key(|problem| problem.line);
    problems
}

/// The key whose value is refused.
fn key(config: &Config, refused: &Refused) -> String {
    let Refused { named, of_file, error } = refused;
    let policy = format!("policies.{}", named.split('@').next().unwrap_or_default());
    match error {
        RegistryError::NoVersion { .. } => pin(config, named).unwrap_or(policy),
        RegistryError::TwoAccept { route, .. } => chain(config, route).unwrap_or_else(|| "routes".to_owned()),
        RegistryError::Name(name) | RegistryError::Twice(name) => format!("policies.{name}"),
        RegistryError::Activation { error, .. } => within(&config.places, &policy, *of_file, error),
        RegistryError::Component(..) => format!("{policy}.component"),
        RegistryError::Config(..) => format!("{policy}.config"),
        _ if named.is_empty() => "policies".to_owned(),
        _ => policy,
    }
}

/// Component and configuration of other versions than the file's do not stand in it; keys and limits do for all.
fn within(places: &Places, policy: &str, of_file: bool, error: &ActivationError) -> String {
    match error {
        ActivationError::Configuration { pointer, .. } if of_file => {
            places.within(&format!("{policy}.config"), pointer)
        }
        ActivationError::Key { name, .. } => format!("{policy}.keys.{name}"),
        ActivationError::Limits { key, .. } => format!("{policy}.limits.{key}"),
        ActivationError::ConfigureFailed(PolicyFailure::OutOfMemory(_)) => {
            format!("{policy}.limits.memory")
        }
        _ if of_file => format!("{policy}.component"),
        _ => policy.to_owned(),
    }
}

/// The first place where a route pins this version.
fn pin(config: &Config, reference: &str) -> Option<String> {
    config.front.routes.iter().enumerate().find_map(|(route, options)| {
        let place = options.policies.iter().position(|policy| policy == reference)?;
        Some(format!("routes[{route}].policies[{place}]"))
    })
}

/// The place in a route where its chain stands.
fn chain(config: &Config, route: &str) -> Option<String> {
    let place = config.front.routes.iter().position(|options| options.name == route)?;
    Some(format!("routes[{place}].policies"))
}

fn message(refused: &Refused) -> String {
    match &refused.error {
        RegistryError::Activation { version, error: ActivationError::Configuration { detail, .. }, .. }
            if refused.of_file =>
        {
            format!("version {version} refuses it: {detail}")
        }
        RegistryError::Activation { version, error, .. } => format!("version {version}: {error}"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_version_refuses_is_named_by_its_key_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tallygate.toml");
        std::fs::write(folder.path().join("c.wasm"), "").unwrap();
        let text = "[policies.p]\ncomponent = \"c.wasm\"\n[policies.p.config]\nfields = { \"a/b\" = [\n1,\n2] }\n";
        std::fs::write(&file, text).unwrap();
        let config = Config::load(&file).unwrap();
        let told = |error| {
            let error = RegistryError::Activation { name: "p".into(), version: "0123".into(), error };
            let refused = Refused { named: "p".into(), of_file: true, error };
            config.places.problem(key(&config, &refused), message(&refused)).to_string()
        };
        let place = |line: usize, key: &str| format!("{}:{line}: policies.p.{key}: version 0123", file.display());
        let refused =
            |pointer: &str| ActivationError::Configuration { pointer: pointer.into(), detail: "is no text".into() };
        assert_eq!(told(refused("/fields/a~1b/1")), place(6, "config.fields.a/b[1]") + " refuses it: is no text");
        assert_eq!(told(refused("/absent")), place(3, "config.absent") + " refuses it: is no text");
        assert!(
            told(ActivationError::Limits { key: "memory", detail: "x".into() }).starts_with(&place(1, "limits.memory"))
        );
        let missing = ActivationError::Key { name: "jir".into(), detail: "there is none".into() };
        assert!(told(missing).starts_with(&place(1, "keys.jir")));
        assert!(told(ActivationError::WrongWorld("wasi".into())).starts_with(&place(2, "component")));
    }
}
