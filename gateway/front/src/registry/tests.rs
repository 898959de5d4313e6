//! The registry with components that are a few words: what they say is how their activation ends.

use std::path::Path;

use async_trait::async_trait;
use tallygate_host::{
    About, ActivationError, Decision, Keys, Message, PolicyFailure, PolicySpec, Refusal, Reply, Response,
    ResponseOutcome, Used, version_of,
};

use super::*;
use crate::policy::ActivePolicy;

struct Words;

struct Spoken {
    name: String,
    version: String,
    about: About,
}

impl Activator for Words {
    fn activate(&self, spec: PolicySpec) -> Result<Arc<dyn ActivePolicy>, ActivationError> {
        if spec.component.starts_with(b"bad") {
            return Err(ActivationError::Configuration { pointer: "/oibs".into(), detail: "must be there".into() });
        }
        Ok(Arc::new(Spoken { name: spec.name, version: version_of(&spec.component), about: About::default() }))
    }
}

#[async_trait]
impl ActivePolicy for Spoken {
    fn name(&self) -> &str {
        &self.name
    }
    fn version(&self) -> &str {
        &self.version
    }
    fn about(&self) -> &About {
        &self.about
    }
    async fn handle(&self, _: &Message, _: &[u8], _: Option<&mut Used>) -> Result<Decision, PolicyFailure> {
        Err(PolicyFailure::Host("not in this test".into()))
    }
    async fn fault(&self, _: &Message, _: &[u8], _: &Refusal) -> Result<Option<Reply>, PolicyFailure> {
        Ok(None)
    }
    async fn respond(
        &self,
        _: &Message,
        _: &[u8],
        _: &Response,
        _: Option<&mut Used>,
    ) -> Result<ResponseOutcome, PolicyFailure> {
        Err(PolicyFailure::Host("not in this test".into()))
    }
}

fn options(dir: &Path, component: &str) -> RegistryOptions {
    let file = dir.join("json.wasm");
    std::fs::write(&file, component).unwrap();
    RegistryOptions {
        dir: dir.join("policies"),
        policies: vec![PolicyOptions {
            name: "json".into(),
            component: file,
            config_json: "{}".into(),
            keys: Keys::new(),
            limits: tallygate_host::Limits::default(),
        }],
    }
}

fn open(dir: &Path, component: &str) -> Result<PolicyRegistry, RegistryError> {
    PolicyRegistry::open(options(dir, component), Arc::new(Words))
}

/// What a check refuses, by name.
fn refused(options: &RegistryOptions, references: &[&str]) -> Vec<String> {
    let refused = PolicyRegistry::check(options, references.iter().copied(), &Words);
    refused.into_iter().map(|(name, _)| name).collect()
}

fn active(registry: &PolicyRegistry) -> String {
    registry.resolve("json").unwrap().now().version().to_owned()
}

#[tokio::test]
async fn a_pushed_version_is_inactive_until_activated_and_both_outlive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let registry = open(dir.path(), "one").unwrap();
    let first = active(&registry);
    let pushed = registry.push("json", b"two".to_vec()).await.unwrap();
    assert!(pushed.new);
    assert_eq!(active(&registry), first);
    let route = registry.resolve("json").unwrap();
    let under_way = route.now();
    registry.activate("json", &pushed.version[..8]).await.unwrap();
    assert_eq!(route.now().version(), pushed.version);
    assert_eq!(under_way.version(), first);
    drop(registry);
    let registry = open(dir.path(), "one").unwrap();
    assert_eq!(active(&registry), pushed.version);
    assert_eq!(registry.list()[0].versions.len(), 2);
    assert!(registry.list()[0].versions[0].previous);
    assert_eq!(registry.rollback("json").await.unwrap(), first);
    assert_eq!(active(&registry), first);
    let nothing = registry.rollback("json").await;
    assert!(matches!(nothing, Err(RegistryError::NothingBefore(_))));
}

#[tokio::test]
async fn a_component_that_does_not_activate_is_refused_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    let registry = open(dir.path(), "one").unwrap();
    let refused = registry.push("json", b"bad".to_vec()).await.unwrap_err();
    assert!(refused.to_string().contains("configuration at /oibs: must be there"));
    assert_eq!(registry.list()[0].versions.len(), 1);
    assert!(!registry.push("json", b"one".to_vec()).await.unwrap().new);
    assert!(registry.push("xml", b"one".to_vec()).await.is_err());
}

#[tokio::test]
async fn a_changed_file_becomes_a_new_inactive_version() {
    let dir = tempfile::tempdir().unwrap();
    let first = active(&open(dir.path(), "one").unwrap());
    let registry = open(dir.path(), "changed").unwrap();
    assert_eq!(active(&registry), first);
    let versions = &registry.list()[0].versions;
    assert_eq!(versions.len(), 2);
    assert_eq!((versions[1].source, versions[1].active), (Source::File, false));
    assert_eq!(open(dir.path(), "changed").unwrap().list()[0].versions.len(), 2);
}

#[tokio::test]
async fn a_pin_stays_whatever_is_active() {
    let dir = tempfile::tempdir().unwrap();
    let registry = open(dir.path(), "one").unwrap();
    let first = active(&registry);
    let pin = registry.resolve(&format!("json@{}", &first[..12])).unwrap();
    let pushed = registry.push("json", b"two".to_vec()).await.unwrap();
    registry.activate("json", &pushed.version).await.unwrap();
    assert_eq!(pin.now().version(), first);
    assert!(registry.resolve("json@00000000").is_err());
    assert!(registry.resolve("xml").is_err());
}

#[tokio::test]
async fn a_version_whose_file_was_changed_is_not_put_into_service() {
    let dir = tempfile::tempdir().unwrap();
    let registry = open(dir.path(), "one").unwrap();
    let first = active(&registry);
    let pushed = registry.push("json", b"two".to_vec()).await.unwrap();
    let file = dir.path().join(format!("policies/json/{}.wasm", pushed.version));
    std::fs::write(file, "something else").unwrap();
    let refused = registry.activate("json", &pushed.version).await;
    assert!(matches!(refused, Err(RegistryError::Damaged(..))));
    assert_eq!(active(&registry), first);
}

#[test]
fn a_name_that_is_no_folders_is_refused() {
    for name in ["", "..", "a/b", "a b", ".hidden"] {
        assert!(check_name(name).is_err(), "{name}");
    }
}

#[tokio::test]
async fn a_first_version_that_fails_does_not_stand_in_the_way_of_the_one_that_mends_it() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(open(dir.path(), "bad"), Err(RegistryError::Activation { .. })));
    let registry = open(dir.path(), "good").unwrap();
    assert_eq!(active(&registry), version_of(b"good"));
    assert_eq!(registry.list()[0].versions.len(), 1);
}

#[test]
fn a_check_refuses_what_opening_would_and_touches_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let good = version_of(b"good");
    let pin = format!("json@{}", &good[..8]);
    assert_eq!(refused(&options(dir.path(), "bad"), &[]), ["json"]);
    assert_eq!(refused(&options(dir.path(), "good"), &[&pin, "json", "other@12345678"]), [""; 0]);
    assert_eq!(refused(&options(dir.path(), "good"), &["json@0badc0de"]), ["json@0badc0de"]);
    assert!(!dir.path().join("policies").exists());
}

#[test]
fn a_check_tries_the_version_that_is_active_and_those_that_are_pinned() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path(), "good").unwrap();
    // The file's component would be kept, but nothing needs it.
    let bad = options(dir.path(), "bad");
    let pin = format!("json@{}", &version_of(b"bad")[..8]);
    assert_eq!(refused(&bad, &[]), [""; 0]);
    assert_eq!(refused(&bad, &[&pin]), [&*pin]);
    let kept = dir.path().join("policies/json").join(format!("{}.wasm", version_of(b"good")));
    std::fs::write(kept, "damaged").unwrap();
    assert_eq!(refused(&bad, &[]), ["json"]);
}
