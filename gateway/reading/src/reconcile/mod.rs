//! The proof that nothing was lost and nothing counted twice (rule 13).
//!
//! - Per day, partner and currency: accepted + never answered - filed elsewhere + filed here = counted + duplicates + dead.
//! - Per day, currency and log partition: the rows by key add up to the rows of what counted.
//! - Each row of the topic of sums stands alike in the store.
//!
//! The order of reading makes it hold while messages flow: the positions of the fold, the journals, then along the way of a
//! message: the queue, what shippers hold, the queue once more (shippers give back), the log; then the store, the topic
//! beside the store, where the log ends now, and the journals again. Whatever was accepted before the first reading is in
//! the queue, with a shipper, in the log, or lost. A shipper leases a message before it says so: what seems lost is looked
//! for again in this order for some seconds. Nothing that moves is called a difference.
//!
//! Of each message a bit is held, in each of a few sets, and figures of each group alone.

mod figures;
mod group;
mod scope;

mod error;
mod journal;
mod named;

mod damage;
mod numbers;
mod positions;
mod tally;
mod transit;

mod messages;

mod log;

mod daily;
mod latest_rows;
mod row_difference;
mod rows;
mod topic;

mod backlog;
mod group_report;
mod verdict;

mod report;

mod balance;
mod terminal;

use std::collections::BTreeSet;

use tallygate_core::MessageNumber;
use tallygate_core::notice::Notice;
use tallygate_stream::{Stream, Topic};
use tokio::time::{Instant, sleep};

pub use backlog::Backlog;
pub use daily::DailyDifference;
pub use error::ReconcileError;
pub use figures::{Difference, Figures};
pub use group::Group;
pub use group_report::GroupReport;
pub use journal::{Accepted, AcceptedSum, Journals, Line};
pub use named::Named;
pub use report::Report;
pub use row_difference::{RowDifference, RowFigures};
pub use scope::Scope;
pub use verdict::Verdict;

use crate::ledger::Reader;
use crate::limits::{COMPARED_ROWS, STRAGGLER_PAUSE, STRAGGLERS};
use balance::{Readings, balance};
use daily::Daily;
use log::Log;
use messages::{Lost, Messages};
use positions::Positions;
use rows::read_rows;
use topic::TopicAndStore;
use transit::Transit;

/// Reconciles. `queue` counts the messages waiting or leased, as far as the queue sees them; it is asked at the right
/// moments.
///
/// # Errors
/// When journals, queue, stream or store cannot be read.
pub async fn reconcile<Q>(
    journals: &dyn Journals,
    queue: Q,
    stream: &dyn Stream,
    reader: &Reader,
    scope: &Scope,
) -> Result<Report, ReconcileError>
where
    Q: AsyncFn() -> Result<u64, String>,
{
    let store = reader.store();
    let positions = Positions::read(stream).await?;
    let mut messages = Messages::read(journals, scope)?;
    let mut transit = Transit::read(&queue, store).await?;
    let mut log = Log::read(stream, &positions, journals.horizon(), &mut messages).await?;
    let begun = Instant::now();
    while transit.is_empty() && messages.lacks_any(|day| log.is_complete(day)) && begun.elapsed() < STRAGGLERS {
        sleep(STRAGGLER_PAUSE).await;
        transit = Transit::read(&queue, store).await?;
        log.read_on(stream, &mut messages).await?;
    }
    let mut days = messages.days();
    days.extend(log.unreadable.keys());
    days.extend(scope.day);
    let rows = read_rows(reader, &days, scope).await?;
    let mut topic = TopicAndStore::read(stream, reader, &positions, scope.day, COMPARED_ROWS).await?;
    topic.damage.add_all(positions.damage);
    days.extend(&topic.days);
    days.retain(|day| scope.day.is_none_or(|wanted| wanted == *day));
    let daily = Daily::read(store, stream, &days).await?;
    let (repairing, warnings) = told(&store.notices().await?);
    let appended_since = log.appended_since(&stream.bounds(Topic::Transactions).await?);
    let lost = messages.read_again(journals, |day| log.is_complete(day))?;
    let missing = what_is_missing(stream, lost, transit).await?;
    let backlog = Backlog {
        queue: transit.queue,
        leased: transit.leased,
        fold: log.beyond,
        appended_since: appended_since + messages.to_come,
        repairing: repairing.len() as u64,
        changing: daily.changing + topic.changing,
    };
    Ok(balance(Readings { messages, log, rows, daily, topic, backlog, missing, repairing, warnings }))
}

/// The log partitions whose rows are being written to the store again, and what their owners have to say.
fn told(notices: &[Notice]) -> (BTreeSet<u32>, Vec<String>) {
    let partitions = || notices.iter().filter_map(Notice::partition);
    let repairing = partitions().filter(|notice| notice.repairing).map(|notice| notice.partition).collect();
    (repairing, partitions().flat_map(|notice| notice.warnings()).collect())
}

/// Of the messages that seem lost, what the log does not have.
async fn what_is_missing(
    stream: &dyn Stream,
    lost: Lost,
    transit: Transit,
) -> Result<(Vec<Named>, u64), ReconcileError> {
    let messages = lost.messages();
    let in_part: BTreeSet<MessageNumber> =
        lost.some.iter().filter(|(_, in_part)| *in_part).map(|(named, _)| named.number).collect();
    let mut missing: Vec<Named> = lost.some.into_iter().map(|(named, _)| named).collect();
    if transit.is_empty() && !in_part.is_empty() {
        let parts = log::parts(stream, &in_part).await?;
        for named in &mut missing {
            let part = parts.get(&(named.number, named.group.clone())).copied().unwrap_or_default();
            named.figures = named.figures.without(part);
        }
        missing.retain(|named| named.figures != Figures::default());
    }
    missing.sort_by(|a, b| (a.number, &a.group).cmp(&(b.number, &b.group)));
    Ok((missing, messages))
}
