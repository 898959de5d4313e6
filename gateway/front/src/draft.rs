//! A policy's transaction as the domain checks it.

use tallygate_core::Draft;
use tallygate_host::Transaction;

/// What a policy made, not yet checked.
#[must_use]
pub fn draft(transaction: Transaction) -> Draft {
    let Transaction { id, time, day, key, amount, currency, kind, attributes } = transaction;
    Draft { id, time, day, key, amount, currency, kind, attributes }
}
