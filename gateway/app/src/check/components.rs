//! Components that cannot be put into service.

use tallygate_front::PolicyRegistry;
use tallygate_front::registry::RegistryError;
use tallygate_host::{ActivationError, Engine, EngineLimits, PolicyFailure};

use crate::config::{Config, Places, Problem};

/// Compiles and configures what the gateway would put into service: each policy's active version, else the file's
/// component, and the versions that routes pin.
pub(crate) fn components(config: &Config) -> Vec<Problem> {
    if config.policies.policies.is_empty() {
        return Vec::new();
    }
    // One message at a time is more than is ever asked of it.
    let engine = match Engine::new(EngineLimits { instances: 1, ..EngineLimits::default() }) {
        Ok(engine) => engine,
        Err(error) => return vec![config.places.problem("policies", error)],
    };
    let references = config.front.routes.iter().flat_map(|route| &route.policies).map(String::as_str);
    let refused = PolicyRegistry::check(&config.policies, references, &engine);
    let problem = |(reference, error): &(String, RegistryError)| {
        config.places.problem(key(config, reference, error), message(error))
    };
    let mut problems: Vec<Problem> = refused.iter().map(problem).collect();
    problems.sort_by_key(|problem| problem.line);
    problems
}

/// The key whose value is refused.
fn key(config: &Config, reference: &str, error: &RegistryError) -> String {
    if let (RegistryError::NoVersion { .. }, Some(key)) = (error, pin(config, reference)) {
        return key;
    }
    let policy = format!("policies.{}", reference.split('@').next().unwrap_or_default());
    match error {
        RegistryError::Activation { error, .. } => within(&config.places, &policy, error),
        RegistryError::Component(..) => format!("{policy}.component"),
        _ => policy,
    }
}

fn within(places: &Places, policy: &str, error: &ActivationError) -> String {
    match error {
        ActivationError::Configuration { pointer, .. } => places.within(&format!("{policy}.config"), pointer),
        ActivationError::Key { name, .. } => format!("{policy}.keys.{name}"),
        ActivationError::Limits(_) | ActivationError::ConfigureFailed(PolicyFailure::OutOfMemory(_)) => {
            format!("{policy}.limits.memory")
        }
        _ => format!("{policy}.component"),
    }
}

/// The first place where a route pins this version.
fn pin(config: &Config, reference: &str) -> Option<String> {
    config.front.routes.iter().enumerate().find_map(|(route, options)| {
        let place = options.policies.iter().position(|policy| policy == reference)?;
        Some(format!("routes[{route}].policies[{place}]"))
    })
}

fn message(error: &RegistryError) -> String {
    match error {
        RegistryError::Activation { version, error: ActivationError::Configuration { detail, .. }, .. } => {
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
            config.places.problem(key(&config, "p", &error), message(&error)).to_string()
        };
        let place = |line: usize, key: &str| format!("{}:{line}: policies.p.{key}: version 0123", file.display());
        let refused =
            |pointer: &str| ActivationError::Configuration { pointer: pointer.into(), detail: "is no text".into() };
        assert_eq!(told(refused("/fields/a~1b/1")), place(6, "config.fields.a/b[1]") + " refuses it: is no text");
        assert_eq!(told(refused("/absent")), place(3, "config.absent") + " refuses it: is no text");
        assert!(told(ActivationError::Limits("memory".into())).starts_with(&place(1, "limits.memory")));
        let missing = ActivationError::Key { name: "jir".into(), detail: "there is none".into() };
        assert!(told(missing).starts_with(&place(1, "keys.jir")));
        assert!(told(ActivationError::WrongWorld("wasi".into())).starts_with(&place(2, "component")));
    }
}
