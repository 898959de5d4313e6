//! Compiled policies that were tampered with are compiled again, and serve.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use prometheus_client::registry::Registry;
use tallygate_front::registry::{PolicyOptions, RegistryOptions};
use tallygate_front::{Metrics, PolicyRegistry};
use tallygate_host::{Engine, EngineLimits, Keys, Limits};

/// Policies of these names, all of them hello.
fn options(dir: &Path, names: &[&str]) -> RegistryOptions {
    let component = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/policies/hello.wasm");
    assert!(component.exists(), "run policies/build.sh target/policies");
    let policy = |name: &&str| PolicyOptions {
        name: (*name).into(),
        component: Some(component.clone()),
        config_json: "{}".into(),
        keys: Keys::new(),
        limits: Limits::default(),
    };
    RegistryOptions {
        dir: dir.to_owned(),
        policies: names.iter().map(policy).collect(),
        chains: Vec::new(),
        retry_after: std::time::Duration::from_secs(5),
    }
}

fn open(options: &RegistryOptions, engine: &Arc<Engine>) -> PolicyRegistry {
    PolicyRegistry::open(options.clone(), engine.clone(), &Metrics::register(&mut Registry::default())).unwrap()
}

fn kept(options: &RegistryOptions, name: &str, version: &str) -> PathBuf {
    options.dir.join(name).join(format!("{version}.native"))
}

#[test]
fn code_that_was_not_compiled_here_is_compiled_again_and_serves() {
    let dir = tempfile::tempdir().unwrap();
    let (options, engine) =
        (options(dir.path(), &["one", "other"]), Arc::new(Engine::new(EngineLimits::default()).unwrap()));
    let version = open(&options, &engine).list()[0].active.clone().unwrap();
    let (file, others) = (kept(&options, "one", &version), kept(&options, "other", &version));
    let whole = std::fs::read(&file).unwrap();
    let flipped = |place: usize| {
        let mut flipped = whole.clone();
        flipped[place] ^= 0x10;
        flipped
    };
    let about = open(&options, &engine).list()[0].versions[0].about.clone().unwrap();
    assert_eq!((&*about.name, std::fs::read(&file).unwrap() == whole), ("hello", true), "what is whole stays");
    let wrong = [
        ("a byte of the seal", flipped(9)),
        ("a byte of what it says of itself", flipped(60)),
        ("the last byte", flipped(whole.len() - 1)),
        ("cut off", whole[..whole.len() / 2].to_vec()),
        ("empty", Vec::new()),
        ("the same version of another policy", std::fs::read(&others).unwrap()),
    ];
    for (what, bytes) in wrong {
        std::fs::write(&file, &bytes).unwrap();
        let listing = open(&options, &engine).list().remove(0);
        assert_eq!((listing.serving, listing.trouble), (Some(version.clone()), None), "{what}");
        assert_ne!(std::fs::read(&file).unwrap(), bytes, "{what} is made anew");
    }
    let (sealed, key) = (std::fs::read(&file).unwrap(), dir.path().join(".artefact-key"));
    std::fs::write(&key, [7; 32]).unwrap();
    assert_eq!(open(&options, &engine).list()[0].serving.as_ref(), Some(&version));
    assert_ne!(std::fs::read(&file).unwrap(), sealed, "another key seals otherwise");
}
