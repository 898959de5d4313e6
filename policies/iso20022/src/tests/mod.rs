//! What is read of messages of our own making, what is refused of them by which name, and what is replied.

mod camt;
mod configuration;
mod documents;
mod large;
mod messages;
mod pacs;
mod pain;
mod replies;

use tallygate_policy::{Message, Outcome, Policy, Refusal, Transaction};

use crate::Iso20022;

fn policy(config: &str) -> Iso20022 {
    Iso20022::configure(config).expect("a configuration")
}

/// What becomes of a message.
fn outcome(config: &str, body: impl Into<Vec<u8>>) -> Result<Vec<Transaction>, Refusal> {
    match policy(config).handle(Message::for_test(body).build()).outcome {
        Outcome::Accept(accepted) => Ok(accepted.transactions),
        Outcome::Reject(refusal) => Err(refusal),
        other => panic!("{other:?}"),
    }
}

/// The transactions of a message, each as its fields: id, day, key, amount, currency.
fn read(body: &str) -> Vec<[String; 5]> {
    read_as("", body)
}

fn read_as(config: &str, body: &str) -> Vec<[String; 5]> {
    let transactions = outcome(config, body).unwrap_or_else(|refusal| panic!("{}", refusal.detail));
    let fields = |transaction: Transaction| {
        let Transaction { id, day, key, amount, currency, .. } = transaction;
        [id, day.expect("a day"), key, amount, currency]
    };
    transactions.into_iter().map(fields).collect()
}

/// The code and the field of a refusal.
fn refused(body: impl Into<Vec<u8>>) -> (String, String) {
    let refusal = outcome("", body).expect_err("a refusal");
    (refusal.code, refusal.field.unwrap_or_default())
}

/// Changes a message in each of these ways, and expects that it is refused by that code and field.
fn refuses(message: &str, changes: &[(&str, &str, &str, &str)]) {
    outcome("", message).unwrap_or_else(|refusal| panic!("{}", refusal.detail));
    for (from, to, code, field) in changes {
        assert!(message.contains(from), "{from}");
        let changed = message.replacen(from, to, 1);
        assert_eq!(refused(changed), ((*code).to_owned(), (*field).to_owned()), "`{to}` in the place of `{from}`");
    }
}
