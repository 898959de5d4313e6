//! What is no good is not activated, and why is said.

use std::time::{Duration, Instant, SystemTime};

use tallygate_host::limits::COMPONENT_BYTES;
use tallygate_host::{ActivationError, Keys, Policy, PolicyFailure, short_version, version_of};

use crate::support::{answer, component, engine, hostile, message, policy, spec, try_policy};

fn refusal(config: &str) -> ActivationError {
    match try_policy("hostile", config) {
        Ok(_) => panic!("{config} was activated"),
        Err(error) => error,
    }
}

#[test]
fn a_configuration_that_is_refused_names_the_place() {
    let error = refusal(r#"{"configure":"fail"}"#);
    assert_eq!(error.to_string(), "configuration at /oibs/3: `x` is no OIB");
    let error = refusal(r#"{"handel":"trap"}"#);
    let told = "the key `handel` is unknown, perhaps `handle` was meant; known are configure, handle";
    assert!(error.to_string().contains(told), "{error}");
}

#[test]
fn a_configure_that_goes_wrong_does_not_hang_the_activation() {
    let failed = |how: &str| match refusal(&format!(r#"{{"configure":"{how}"}}"#)) {
        ActivationError::ConfigureFailed(failure) => failure,
        other => panic!("{how}: {other}"),
    };
    let start = Instant::now();
    assert_eq!(failed("loop"), PolicyFailure::Timeout(Duration::from_secs(2)));
    assert_eq!(failed("grow"), PolicyFailure::OutOfMemory(4 << 20));
    assert!(matches!(failed("recurse"), PolicyFailure::Trap(_)));
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

#[test]
fn a_configure_that_panics_says_with_what() {
    let error = refusal(r#"{"configure":"trap"}"#).to_string();
    assert!(
        error.starts_with("configure failed: the policy trapped: panicked at ") && error.contains("as configured"),
        "{error}"
    );
    assert!(!error.contains("\\n"), "{error}");
}

#[test]
fn configure_may_call_nothing_of_the_host() {
    for function in ["log", "hmac", "sign"] {
        let error = refusal(&format!(r#"{{"configure":"{function}"}}"#)).to_string();
        assert!(error.contains("configure may call nothing of the host"), "{function}: {error}");
    }
}

#[test]
fn a_key_that_is_missing_or_of_another_kind_refuses_the_activation() {
    let with = |keys: Keys| {
        let mut spec = spec("hostile", r#"{"key":"jir"}"#);
        spec.keys = keys;
        Policy::activate(engine(), spec)
    };
    let mut keys = Keys::new();
    let error = with(keys.clone()).unwrap_err().to_string();
    assert_eq!(error, "key `jir`: there is no key `jir` for this policy; none is configured");
    keys.add("jri", &[7; 32]).unwrap();
    let error = with(keys.clone()).unwrap_err().to_string();
    assert_eq!(error, "key `jir`: there is no key `jir` for this policy; there is jri");
    keys.add("jir", &[7; 32]).unwrap();
    assert!(with(keys).is_ok());
}

#[test]
fn a_fact_that_the_gateway_does_not_know_refuses_the_activation() {
    assert!(refusal(r#"{"fact":"peer"}"#).to_string().contains("`peer`"));
}

#[test]
fn an_extra_that_the_gateway_does_not_know_refuses_the_activation() {
    let error = refusal(r#"{"extra":"colour"}"#).to_string();
    assert!(error.contains("its `about` has the extra `colour`, which this gateway does not know"), "{error}");
}

#[test]
fn a_header_that_no_message_can_have_refuses_the_activation() {
    for header in ["X-Upper", "a b", ""] {
        let error = refusal(&format!(r#"{{"headers":["content-type","{header}"]}}"#)).to_string();
        assert!(error.contains(&format!("it needs the header field {header:?}")), "{error}");
    }
}

#[test]
fn limits_beyond_the_engine_s_are_refused() {
    let mut large = spec("hostile", "");
    large.limits.memory = 1 << 40;
    let refused = Policy::activate(engine(), large).unwrap_err().to_string();
    assert_eq!(refused, "limits.memory: 1099511627776 bytes are asked for, and 268435456 is the most here");
    let mut large = spec("hostile", "");
    large.limits.sign_bytes = 2 << 20;
    let refused = Policy::activate(engine(), large).unwrap_err().to_string();
    assert_eq!(refused, "limits.sign_size: 2097152 bytes are asked for, and 1048576 is the most here");
}

#[test]
fn bytes_that_are_no_policy_are_refused_with_the_reason() {
    let refusal = |bytes: &[u8]| {
        let mut spec = spec("hostile", "");
        spec.component = bytes.to_vec();
        Policy::activate(engine(), spec).unwrap_err()
    };
    let whole = component("hello");
    for (bytes, why) in [
        (&b""[..], "it is empty"),
        (b"not wasm at all", "it is no WebAssembly"),
        (b"\0asm", "it is cut off: it begins with 8 bytes, and 4 are there"),
        (b"\0asm\x01\0\0\0", "found a core module; `tallygate policy build` makes a component"),
    ] {
        match refusal(bytes) {
            ActivationError::NotAComponent(said) => assert!(said.contains(why), "{bytes:?}: {said}"),
            other => panic!("{bytes:?}: {other:?}"),
        }
    }
    match refusal(b"\0asm\x0d\0\x01\0") {
        ActivationError::WrongWorld(said) => assert!(said.contains("tallygate:policy/handler"), "{said}"),
        other => panic!("an empty component: {other:?}"),
    }
    for part in 1..24 {
        // A cut between two sections leaves a component, of no world.
        match refusal(&whole[..whole.len() * part / 24]) {
            ActivationError::NotAComponent(said) => assert!(said.contains("cut off"), "{part} of 24: {said}"),
            ActivationError::WrongWorld(said) => assert!(said.contains("tallygate:policy/handler"), "{part}: {said}"),
            other => panic!("{part} of 24 parts: {other:?}"),
        }
    }
    let error = refusal(&vec![0; COMPONENT_BYTES + 1]);
    assert!(matches!(error, ActivationError::TooLarge { limit: COMPONENT_BYTES, .. }), "{error:?}");
}

/// 40 components in each run, and others in each: the seed is told where one of them does harm.
#[tokio::test]
async fn a_broken_component_is_an_error_and_no_more() {
    let whole = component("hello");
    let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let first = std::env::var("TALLYGATE_SEED").map_or(clock.as_micros() as u64, |seed| seed.parse().unwrap());
    println!("TALLYGATE_SEED={first}");
    let (mut seed, mut refused) = (first, 0);
    for _ in 0..40 {
        let mut broken = whole.clone();
        for _ in 0..3 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = (seed >> 33) as usize % broken.len();
            broken[at] ^= 1 << (seed >> 20 & 7);
        }
        let mut spec = spec("hello", "");
        spec.component = broken;
        match Policy::activate(engine(), spec) {
            // Some changes do no harm, such as one in a text; others show when a message comes, and harm that alone.
            Ok(policy) => drop(policy.handle(&message(""), &[], None).await),
            Err(
                ActivationError::NotAComponent(_)
                | ActivationError::WrongWorld(_)
                | ActivationError::ConfigureFailed(_)
                | ActivationError::Configuration { .. }
                | ActivationError::Key { .. },
            ) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(refused > 0, "not one of them was broken enough to be refused");
    // The host is as it was.
    assert_eq!(answer(policy("hello", "").handle(&message(""), &[], None).await.unwrap()), "hello, shop-1\n");
}

#[test]
fn a_version_is_the_hash_of_component_and_configuration() {
    let version = version_of(b"abc", "{}");
    assert_eq!(version, "19139bd714ad403576a98dbd9b63ebaf813d26128a65f635364b16056b9ea5c1");
    assert_eq!(short_version(&version), &version[..12]);
    // What one part loses and the other gains is another version.
    assert_ne!(version_of(b"abc{", "}"), version);
    assert_ne!(version_of(b"abc", r#"{"a":1}"#), version);
    let config = r#"{"handle":"count"}"#;
    assert_eq!(hostile("count").version(), version_of(&component("hostile"), config));
}

#[test]
fn a_policy_says_what_it_is() {
    let policy = policy("hr-racun", "");
    assert_eq!((&*policy.about().name, policy.name()), ("hr-racun", "hr-racun"));
    assert!(policy.about().needs_body && policy.about().headers.is_empty());
    let schema: serde_json::Value = serde_json::from_str(policy.about().config_schema.as_deref().unwrap()).unwrap();
    assert_eq!(schema["additionalProperties"], false);
}
