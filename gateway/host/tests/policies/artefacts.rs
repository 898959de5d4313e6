//! Compiled policies are kept, and nothing is loaded that was not compiled here.

use std::time::Instant;

use tallygate_host::{
    ActivationError, ArtefactKey, Engine, EngineLimits, KeptPolicy, Keys, Limits, Outcome, Policy, PolicySpec,
    about_bytes, about_of,
};

use crate::support::{engine, message, policy, spec};

const CONFIG: &str = r#"{"greeting":"good day"}"#;

fn key() -> ArtefactKey {
    ArtefactKey::new(&[7; ArtefactKey::BYTES])
}

fn kept(spec: PolicySpec) -> KeptPolicy {
    let version = tallygate_host::version_of(&spec.component, &spec.config_json);
    KeptPolicy { name: spec.name, version, keys: spec.keys, limits: spec.limits }
}

fn load(key: &ArtefactKey, kept: KeptPolicy, artefact: &[u8]) -> Option<Policy> {
    Policy::load(engine(), key, kept, artefact).map(Result::unwrap)
}

async fn answer(policy: &Policy) -> String {
    match policy.handle(&message(""), &[], None).await.unwrap().outcome {
        Outcome::Answer(reply) => String::from_utf8(reply.body).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_kept_policy_is_the_one_that_was_compiled() {
    let compiled = policy("hello", CONFIG);
    let artefact = compiled.artefact(engine(), &key()).unwrap();
    let begun = Instant::now();
    let loaded = load(&key(), kept(spec("hello", CONFIG)), &artefact).unwrap();
    eprintln!("loaded {} bytes in {:?}", artefact.len(), begun.elapsed());
    assert_eq!((loaded.version(), loaded.about()), (compiled.version(), compiled.about()));
    assert_eq!(answer(&loaded).await, answer(&compiled).await);
    assert_eq!(loaded.artefact(engine(), &key()).unwrap(), artefact);
    let another = Engine::new(EngineLimits { instances: 1, ..EngineLimits::default() }).unwrap();
    let loaded = Policy::load(&another, &key(), kept(spec("hello", CONFIG)), &artefact).unwrap().unwrap();
    assert_eq!(answer(&loaded).await, answer(&compiled).await, "an engine that compiles alike takes it");
}

#[test]
fn what_is_not_what_was_sealed_for_this_policy_is_not_loaded() {
    let artefact = policy("hello", CONFIG).artefact(engine(), &key()).unwrap();
    let wanted = || kept(spec("hello", CONFIG));
    assert!(load(&key(), wanted(), &artefact).is_some());
    // All of the head and of what it says of itself, and then enough places of the code.
    let head = about_bytes(&artefact).unwrap();
    let places = (0..head).chain((head..artefact.len()).step_by(artefact.len() / 97)).chain([artefact.len() - 1]);
    for place in places {
        let mut flipped = artefact.clone();
        flipped[place] ^= 1;
        assert!(load(&key(), wanted(), &flipped).is_none(), "byte {place}");
    }
    for short in [0, 7, 8, 43, 44, head, artefact.len() / 2, artefact.len() - 1] {
        assert!(load(&key(), wanted(), &artefact[..short]).is_none(), "{short} bytes");
    }
    assert!(load(&key(), wanted(), &[&artefact[..], b"x"].concat()).is_none());
    assert!(load(&ArtefactKey::new(&[8; 32]), wanted(), &artefact).is_none(), "another key");
    let limits = Limits { memory: 5 << 20, ..wanted().limits };
    assert!(load(&key(), KeptPolicy { limits, ..wanted() }, &artefact).is_none(), "another memory");
    let time = Limits { time: std::time::Duration::from_secs(9), ..wanted().limits };
    assert!(load(&key(), KeptPolicy { limits: time, ..wanted() }, &artefact).is_some(), "time is not compiled in");
    assert!(load(&key(), KeptPolicy { name: "other".into(), ..wanted() }, &artefact).is_none(), "another policy's");
    let version = kept(spec("hello", "{}")).version;
    assert!(load(&key(), KeptPolicy { version, ..wanted() }, &artefact).is_none(), "another version's");
}

#[test]
fn a_kept_policy_is_refused_for_what_it_lacks_now() {
    let artefact = policy("hr-racun", "").artefact(engine(), &key()).unwrap();
    let wanted = KeptPolicy { keys: Keys::new(), ..kept(spec("hr-racun", "")) };
    let refused = Policy::load(engine(), &key(), wanted, &artefact).unwrap();
    assert!(matches!(refused, Err(ActivationError::Key { .. })), "{refused:?}");
}

#[test]
fn what_an_artefact_says_of_its_policy_can_be_shown() {
    let compiled = policy("hr-racun", "");
    let artefact = compiled.artefact(engine(), &key()).unwrap();
    let needed = about_bytes(&artefact[..64]).unwrap();
    assert_eq!(about_of(&artefact[..needed]).as_ref(), Some(compiled.about()));
    assert!(about_of(&artefact[..needed - 1]).is_none());
    assert!(about_bytes(b"no artefact, but long enough for the head of one").is_none());
}
