//! The proof that nothing was lost and nothing counted twice (rule 13).
//!
//! Per day, partner and currency: accepted + never answered = counted + duplicates + dead. The order of reading makes it
//! hold while messages flow: the journals, then the queue's depth, then the log, then the store, then the journals
//! again. Whatever was accepted before the first reading is in the queue, in the log, or lost.

mod journal;
mod report;
mod seen;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use tallygate_core::fold::UNREADABLE;
use tallygate_core::record::{self, Entry};
use tallygate_core::{Aggregate, Currency, Day, Sum};
use tallygate_stream::{Record, Stream, StreamError, Topic};
use tallygate_sums::SumsError;

pub use journal::{Accepted, Journals, Line};
pub use report::{Backlog, Figures, GroupReport, Named, Report, Verdict};

use crate::clock;
use crate::ledger::Reader;
use crate::limits::RECONCILED_MESSAGES;
use crate::scan::{Scanned, header, scan};
use seen::{Ledger, Seen};

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
    let log = read_log(stream, &mut ledger, scope).await?;
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

/// What the log says.
struct Log {
    scanned: Vec<Scanned>,
    /// Records that stand beyond the committed positions.
    beyond: u64,
    /// By group, those of them that were not delivered before: they will count, or be duplicates or dead.
    waiting: BTreeMap<Group, Figures>,
    /// Records delivered more than once; they count nowhere.
    redelivered: u64,
    /// Records that are none of ours, by the log's day, under which their figures stand.
    unreadable: BTreeMap<Day, u64>,
    /// Those of them that stand beyond the committed positions.
    unreadable_waiting: BTreeMap<Day, u64>,
    /// The first day of which the log still holds everything; none when nothing was ever removed.
    complete_from: Option<Day>,
}

async fn read_log(stream: &dyn Stream, ledger: &mut Ledger, scope: &Scope) -> Result<Log, ReconcileError> {
    let committed: BTreeMap<u32, u64> = committed(stream).await?;
    let mut log = Log {
        scanned: Vec::new(),
        beyond: 0,
        waiting: BTreeMap::new(),
        redelivered: 0,
        unreadable: BTreeMap::new(),
        unreadable_waiting: BTreeMap::new(),
        complete_from: None,
    };
    let mut clocks: BTreeMap<u32, i64> = BTreeMap::new();
    let mut firsts: BTreeMap<u32, i64> = BTreeMap::new();
    log.scanned = scan(stream, Topic::Transactions, |record| {
        firsts.entry(record.partition).or_insert(record.appended);
        let clock = clocks.entry(record.partition).or_insert(i64::MIN);
        *clock = (*clock).max(record.appended);
        let beyond = record.offset >= committed.get(&record.partition).copied().unwrap_or(0);
        log.beyond += u64::from(beyond);
        take(&mut log, ledger, scope, &record, Day::of_unix_millis(*clock), beyond);
    })
    .await?;
    let future = i32::from(ledger.future_days);
    for scanned in log.scanned.iter().filter(|scanned| scanned.bounds.low > 0) {
        let first = firsts.get(&scanned.bounds.partition).copied().unwrap_or_else(clock::now_millis);
        let complete = Day::of_unix_millis(first).plus(future + 1);
        log.complete_from = log.complete_from.max(Some(complete));
    }
    Ok(log)
}

fn take(log: &mut Log, ledger: &mut Ledger, scope: &Scope, record: &Record, log_day: Day, beyond: bool) {
    let entry = Entry::read(header(record, record::NUMBER), header(record, record::POLICY), record.value());
    let Ok(entry) = entry else {
        *log.unreadable.entry(log_day).or_default() += 1;
        if beyond {
            *log.unreadable_waiting.entry(log_day).or_default() += 1;
        }
        return;
    };
    if !scope.takes(entry.day, &entry.partner) {
        return;
    }
    let group = Group { day: entry.day, partner: entry.partner.into_owned(), currency: entry.currency };
    match ledger.see(entry.number, &group, entry.amount) {
        Seen::Before => log.redelivered += 1,
        Seen::First if beyond => log.waiting.entry(group).or_default().add(1, Sum::default().plus(entry.amount)),
        Seen::First => {}
    }
}

async fn committed(stream: &dyn Stream) -> Result<BTreeMap<u32, u64>, StreamError> {
    let bounds = stream.bounds(Topic::Transactions).await?;
    Ok(bounds.into_iter().map(|bounds| (bounds.partition, bounds.committed)).collect())
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
