//! What the operator may say, and what is told of a slip.

use tallygate_policy::Policy;

use super::messages::{CAMT_053, PAIN_001};
use super::{policy, read, read_as};
use crate::Iso20022;

#[test]
fn only_the_kinds_that_are_named_count() {
    assert!(read_as(r#"{"kinds":["camt.053"]}"#, PAIN_001).is_empty());
    assert_eq!(read_as(r#"{"kinds":["camt.053","pain.001"]}"#, PAIN_001), read(PAIN_001));
    assert!(read_as(r#"{"kinds":[]}"#, CAMT_053).is_empty());
}

#[test]
fn a_slip_is_told_with_its_key_and_what_would_be_right() {
    let told = |config: &str| {
        let fault = Iso20022::configure(config).err().expect("a fault");
        format!("{}: {}", fault.pointer, fault.detail)
    };
    let kinds = "pain.001, pain.008, pacs.008, pacs.003, pacs.004, camt.052, camt.053, camt.054";
    let compared = "NbOfTxs, CtrlSum, TtlIntrBkSttlmAmt, TxsSummry and Bal";
    for (config, right) in [
        (r#"{"kind":[]}"#, "/kind: the key `kind` is unknown, perhaps `kinds` was meant; known are kinds, unchecked, reply, minor_units".into()),
        (r#"{"kinds":["camt.053","camt.53"]}"#, format!("/kinds/1: `camt.53` is no kind that is read, which are {kinds}")),
        (r#"{"kinds":"camt.053"}"#, "/kinds: it is a text, and would be a list of texts".into()),
        (r#"{"unchecked":["Sum"]}"#, format!("/unchecked/0: `Sum` is nothing that is compared, which are {compared}")),
        (r#"{"reply":"pain.001"}"#, "/reply: it is `pain.001`, and would be receipt or pain.002".into()),
        (r#"{"minor_units":{"EUR":"4"}}"#, "/minor_units/EUR: it is a text, and would be a whole number from 0 to 9".into()),
    ] {
        assert_eq!(told(config), right);
    }
}

#[test]
fn the_schema_has_every_key() {
    let about = policy("").about(tallygate_policy::About::of("iso20022", "0"));
    let schema = about.config_schema.expect("a schema");
    for key in ["kinds", "unchecked", "reply", "minor_units"] {
        assert!(schema.contains(&format!("\"{key}\": {{")), "{key}");
    }
    for kind in crate::mapping::KINDS {
        assert!(schema.contains(&format!("\"{}\"", kind.name)), "{}", kind.name);
    }
}
