//! The proof that nothing was lost and nothing counted twice (rule 13).
//!
//! Per day, partner and currency: accepted + never answered = counted + duplicates + dead. The order of reading makes it
//! hold while messages flow: the journals, then the queue's depth, then the log, then the store, then the journals
//! again. Whatever was accepted before the first reading is in the queue, in the log, or lost.

mod figures;
mod group;
mod named;
mod scope;

mod error;
mod journal;

mod ordinals;

mod messages;

mod log;
mod rows;

mod backlog;
mod group_report;
mod verdict;

mod report;

mod balance;
mod terminal;

use std::future::Future;

use tallygate_stream::{Stream, Topic};

pub use backlog::Backlog;
pub use error::ReconcileError;
pub use figures::{Difference, Figures};
pub use group::Group;
pub use group_report::GroupReport;
pub use journal::{Accepted, Journals, Line};
pub use named::Named;
pub use report::Report;
pub use scope::Scope;
pub use verdict::Verdict;

use crate::ledger::Reader;
use balance::balance;
use log::Log;
use messages::Messages;
use rows::read_rows;

/// Reconciles. `depth` is the queue's count of messages waiting or leased; it is asked for at the right moment.
///
/// # Errors
/// When journals, queue, stream or store cannot be read.
pub async fn reconcile(
    journals: &dyn Journals,
    depth: impl Future<Output = Result<u64, String>>,
    stream: &dyn Stream,
    reader: &Reader,
    scope: &Scope,
) -> Result<Report, ReconcileError> {
    let mut messages = Messages::read(journals, scope)?;
    let queue = depth.await.map_err(ReconcileError::Queue)?;
    let mut log = Log::read(stream, &mut messages, scope).await?;
    if queue == 0 {
        log.wait_for_stragglers(stream, &mut messages, scope).await?;
    }
    let mut days = messages.days();
    days.extend(log.unreadable.keys());
    days.extend(scope.day);
    let rows = read_rows(reader, days, scope).await?;
    let after = stream.bounds(Topic::Transactions).await?;
    messages.read_again(journals)?;
    let appended_since = after
        .iter()
        .map(|bounds| {
            let end = log.scanned.iter().find(|s| s.bounds.partition == bounds.partition).map_or(0, |s| s.end);
            bounds.high.saturating_sub(end)
        })
        .sum();
    let backlog = Backlog { queue, fold: log.beyond, appended_since };
    Ok(balance(messages, log, rows, backlog))
}
