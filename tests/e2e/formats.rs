//! The stock policies of standard formats against an independent reader: messages made from the schemas, and mutants.

use std::process::Command;

use crate::harness::checkout::{checkout, policies};
use crate::harness::process::TALLYGATE;
use crate::harness::said::said;

/// What the checker says of one policy, when all is as it should be.
fn checked(policy: &str) -> String {
    let python = checkout(".servers/venv/bin/python");
    assert!(python.exists(), "there is no {}: run setup/install-clients", python.display());
    let mut command = Command::new(python);
    command.arg(checkout("tests/formats/check.py")).arg(checkout(".servers/schemas")).arg(policies());
    command.args(["--tallygate", TALLYGATE, "--only", policy]).env_remove("RUST_LOG");
    let said = said(command);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    said.out
}

#[test]
fn messages_of_iso_20022_are_read_as_an_independent_reader_does_and_mutants_are_refused_by_name() {
    let said = checked("iso20022");
    assert!(said.contains(" passed, 0 failed"), "{said}");
}

#[test]
fn invoices_are_read_as_an_independent_reader_does_and_mutants_are_refused_by_name() {
    let said = checked("ubl-cii");
    assert!(said.contains(" passed, 0 failed"), "{said}");
}
