//! The proof that nothing was lost and nothing counted twice (rule 13).
//!
//! Per day, partner and currency: accepted + never answered = counted + duplicates + dead. The order of reading makes it
//! hold while messages flow: the journals, then the queue's depth, then the log, then the store, then the journals
//! again. Whatever was accepted before the first reading is in the queue, in the log, or lost.

mod journal;
mod log;
mod report;
mod seen;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use tallygate_core::fold::UNREADABLE;
use tallygate_core::{Aggregate, Currency, Day};
use tallygate_stream::{Stream, StreamError, Topic};
use tallygate_sums::SumsError;

pub use journal::{Accepted, Journals, Line};
pub use report::{Backlog, Figures, GroupReport, Named, Report, Verdict};

use crate::ledger::Reader;
use crate::limits::RECONCILED_MESSAGES;
use log::Log;
use seen::Ledger;

/// What figures are kept by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group {
    /// The business day.
    pub day: Day,
    /// The partner.
    pub partner: String,
    /// The currency.
    pub currency: Currency,
}

/// What is reconciled.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// This day alone.
    pub day: Option<Day>,
    /// This partner alone.
    pub partner: Option<String>,
}

/// Why nothing could be said.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// A journal cannot be opened.
    #[error("journal: {0}")]
    Journal(String),
    /// There is more than is held at one time.
    #[error(
        "the journals hold more than {RECONCILED_MESSAGES} messages; reconcile a single day, or remove journals older than the log"
    )]
    TooMany,
    /// The queue's depth is not known.
    #[error("{0}")]
    Queue(String),
    /// The stream does not answer.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The store does not answer.
    #[error(transparent)]
    Sums(#[from] SumsError),
}

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
    let mut ledger = Ledger::read(journals, scope)?;
    let queue = depth.await.map_err(ReconcileError::Queue)?;
    let mut log = Log::read(stream, &mut ledger, scope).await?;
    if queue == 0 {
        log.wait_for_stragglers(stream, &mut ledger, scope).await?;
    }
    let rows = read_rows(reader, &ledger, &log, scope).await?;
    let after = stream.bounds(Topic::Transactions).await?;
    ledger.read_again(journals)?;
    let appended_since = after
        .iter()
        .map(|bounds| {
            let end = log.scanned.iter().find(|s| s.bounds.partition == bounds.partition).map_or(0, |s| s.end);
            bounds.high.saturating_sub(end)
        })
        .sum();
    let backlog = Backlog { queue, fold: log.beyond, appended_since };
    Ok(report::draw(ledger, log, rows, backlog))
}

/// The store's figures: counted, duplicates and dead by group.
type Rows = BTreeMap<(Aggregate, Group), Figures>;

async fn read_rows(reader: &Reader, ledger: &Ledger, log: &Log, scope: &Scope) -> Result<Rows, SumsError> {
    let mut days: BTreeSet<Day> = ledger.days();
    days.extend(log.unreadable.keys());
    days.extend(scope.day);
    let mut figures = Rows::new();
    for day in days {
        for aggregate in [Aggregate::Counted, Aggregate::Duplicate, Aggregate::Dead] {
            for row in reader.rows(aggregate, day, None).await? {
                if row.at.key != UNREADABLE && !scope.takes(day, &row.at.key) {
                    continue;
                }
                let group = Group { day, partner: row.at.key, currency: row.at.currency };
                figures.entry((aggregate, group)).or_default().add(row.count, row.sum);
            }
        }
    }
    Ok(figures)
}

impl Scope {
    fn takes(&self, day: Day, partner: &str) -> bool {
        self.day.is_none_or(|wanted| wanted == day) && self.partner.as_deref().is_none_or(|wanted| wanted == partner)
    }
}
