//! Messages with very many transactions.

use std::fmt::Write as _;

use super::messages::{CAMT_053, PAIN_008};
use super::outcome;

/// A statement of so many entries, whose references begin so.
fn statement(entries: usize, reference: &str) -> String {
    let (before, _) = CAMT_053.split_once("<Bal>").expect("a balance");
    let mut document = before.to_owned();
    for entry in 0..entries {
        write!(
            document,
            "<Ntry><Amt Ccy=\"EUR\">12.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
             <BookgDt><Dt>2026-11-23</Dt></BookgDt><AcctSvcrRef>{reference}-{entry}</AcctSvcrRef></Ntry>"
        )
        .expect("written");
    }
    document + "</Stmt></BkToCstmrStmt></Document>"
}

#[test]
fn a_statement_of_ten_thousand_entries_is_one_batch() {
    let transactions = outcome("", statement(10_000, "R")).expect("taken");
    assert_eq!((transactions.len(), &*transactions[9_999].amount), (10_000, "12.50"));
}

#[test]
fn more_transactions_than_fit_are_refused_with_those_that_would() {
    let refusal = outcome("", statement(1_500, &"r".repeat(6_000))).expect_err("too many");
    assert_eq!((refusal.status, &*refusal.code), (413, "message-too-large"));
    let right = "it has 1500 transactions, of which the first 1344 fit into one message of the queue; ";
    assert!(refusal.detail.starts_with(right), "{}", refusal.detail);
}

#[test]
fn what_a_message_says_of_itself_takes_no_memory() {
    let document = PAIN_008.replace("<NbOfTxs>1", "<NbOfTxs>999999999999999");
    assert_eq!(super::refused(document).1, "GrpHdr/NbOfTxs");
}
