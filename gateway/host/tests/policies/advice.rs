//! What goes wrong for a policy's author is told with its cause and with what would help.

use tallygate_host::{ActivationError, Policy, PolicyFailure};

use crate::support::{engine, hostile, message, spec, try_policy};

/// A component that imports a function of WASI and exports nothing.
const WASI: &[u8] = b"\0asm\x0d\0\x01\0\x07\x10\x01\x42\x02\x01\x40\0\x01\0\x04\0\x03now\x01\0\
    \x0a\x26\x01\0\x21wasi:clocks/monotonic-clock@0.2.0\x05\0";

#[tokio::test]
async fn a_stack_that_ran_over_is_told_with_the_knob_that_makes_it_larger() {
    match hostile("recurse").handle(&message(""), &[], None).await {
        Err(PolicyFailure::Trap(said)) => {
            assert!(said.contains("its stack ran over") && said.contains("-zstack-size"), "{said}");
        }
        other => panic!("{other:?}"),
    }
    let error = try_policy("hostile", r#"{"configure":"recurse"}"#).unwrap_err().to_string();
    assert!(error.contains("its stack ran over"), "{error}");
}

#[tokio::test]
async fn a_panic_is_told_as_one() {
    match hostile("trap").handle(&message(""), &[], None).await {
        Err(PolicyFailure::Trap(said)) => assert!(said.contains("it panicked, most likely"), "{said}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_component_that_wants_wasi_is_told_how_to_do_without() {
    let mut spec = spec("hostile", "");
    spec.component = WASI.to_vec();
    match Policy::activate(engine(), spec) {
        Err(ActivationError::WrongWorld(said)) => {
            assert!(
                said.starts_with("it imports wasi:clocks/monotonic-clock@0.2.0, and policies get no WASI"),
                "{said}"
            );
            assert!(said.contains("wasm32-unknown-unknown") && said.contains("disableFeatures"), "{said}");
        }
        other => panic!("{other:?}"),
    }
}
