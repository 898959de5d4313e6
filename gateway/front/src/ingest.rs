//! From a policy's transactions to the acknowledgement: checked, numbered, queued, journalled.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bytes::Bytes;
use tallygate_core::day::Zone;
use tallygate_core::envelope::{self, Head};
use tallygate_core::limits::MESSAGE_BYTES;
use tallygate_core::{Day, MessageNumber, Run, Transaction};
use tallygate_host::{Caller, SlowPool, SlowPoolError};
use tallygate_queue::Queue;

use crate::access::KeyScopes;
use crate::days::DayRange;
use crate::deadline::Deadline;
use crate::draft::draft;
use crate::error::FrontError;
use crate::journal::{self, DaySum, Journal, JournalError, Room};
use crate::limits::{HEAD_BYTES, Limits, PREPARING, TRANSACTION_LEAST_BYTES, TRANSACTIONS_AT_ONCE_BYTES};
use crate::metrics::Metrics;
use crate::options::FrontOptions;
use crate::policy::ActivePolicy;
use crate::problem::Problem;

/// The last steps before an acknowledgement.
pub(crate) struct Ingest {
    queue: Arc<dyn Queue>,
    journal: Arc<Journal>,
    run: Run,
    sequence: AtomicU64,
    zone: Zone,
    horizon_days: u32,
    future_days: u32,
    key_scopes: KeyScopes,
    limits: Limits,
    metrics: Metrics,
    /// For what is large.
    slow: SlowPool,
    #[cfg(feature = "faults")]
    reply_before_confirm: bool,
}

/// A message that is ready to be queued.
struct Prepared {
    number: MessageNumber,
    message: Bytes,
    /// For its line.
    room: Room,
    sums: Vec<DaySum>,
    transactions: u64,
}

/// Where a message comes from.
#[derive(Clone)]
pub(crate) struct Origin {
    /// Whose turn it takes.
    pub(crate) caller: Caller,
    /// None where the caller is unnamed.
    pub(crate) partner: Option<Arc<str>>,
    pub(crate) traceparent: String,
    /// When it arrived.
    pub(crate) unix_millis: i64,
}

/// Which policy accepted a message.
#[derive(Clone, Copy)]
pub(crate) struct PolicyVersion<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
}

impl<'a> PolicyVersion<'a> {
    pub(crate) fn of(policy: &'a dyn ActivePolicy) -> Self {
        Self { name: policy.name(), version: policy.version() }
    }
}

impl Ingest {
    pub(crate) fn new(
        options: &FrontOptions,
        queue: Arc<dyn Queue>,
        run: Run,
        today: Day,
        metrics: &Metrics,
    ) -> Result<Self, FrontError> {
        let journal = Journal::open_later(&options.journal_options(), run, today, metrics.journal.clone())?;
        Ok(Self {
            queue,
            journal: Arc::new(journal),
            run,
            sequence: AtomicU64::new(0),
            zone: options.zone.clone(),
            horizon_days: options.horizon_days,
            future_days: options.future_days,
            key_scopes: KeyScopes::of(&options.partners),
            limits: options.limits.clone(),
            metrics: metrics.clone(),
            slow: SlowPool::start(PREPARING)?,
            #[cfg(feature = "faults")]
            reply_before_confirm: options.reply_before_confirm,
        })
    }

    /// Where lines are written.
    pub(crate) fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// Takes what a policy accepted, and returns once all of it is durable and journalled; only then may a reply say so.
    pub(crate) async fn accept(
        self: &Arc<Self>,
        origin: &Origin,
        policy: PolicyVersion<'_>,
        drafts: Vec<tallygate_host::Transaction>,
        deadline: &Deadline,
    ) -> Result<(), Problem> {
        // A proxy route lets callers through unnamed, but nothing counts without a name.
        let partner = origin.partner.as_ref().ok_or(Problem::NoCredential)?;
        deadline.check()?;
        let prepared = if is_large(&drafts) {
            deadline.within(self.prepare_slowly(origin, partner, policy, drafts)).await??
        } else {
            self.prepare(origin, partner, policy, drafts)?
        };
        // No queue without a message: no number without a message either.
        let Some(Prepared { number, message, room, sums, transactions }) = prepared else {
            return Ok(());
        };
        self.publish(message, deadline).await?;
        let today = Day::of_unix_millis(origin.unix_millis);
        let appended = self.journal.append(room, today, number, partner, &sums).await;
        appended.map_err(|error| self.not_journalled(error))?;
        self.metrics.messages.inc();
        self.metrics.transactions.inc_by(transactions);
        Ok(())
    }

    /// Prepares what would hold up others here.
    async fn prepare_slowly(
        self: &Arc<Self>,
        origin: &Origin,
        partner: &Arc<str>,
        policy: PolicyVersion<'_>,
        drafts: Vec<tallygate_host::Transaction>,
    ) -> Result<Option<Prepared>, Problem> {
        let (ingest, caller, origin, sender) = (self.clone(), origin.caller.clone(), origin.clone(), partner.clone());
        let (name, version) = (policy.name.to_owned(), policy.version.to_owned());
        let prepare = async move {
            let policy = PolicyVersion { name: &name, version: &version };
            ingest.prepare(&origin, &sender, policy, drafts)
        };
        self.slow.run(&caller, prepare).await.unwrap_or_else(|error| {
            Err(match error {
                SlowPoolError::Full => Problem::Busy(self.limits.retry_after),
                SlowPoolError::Panicked => Problem::Internal(error.to_string()),
            })
        })
    }

    /// Checks what a policy accepted and makes a message of it; none of nothing.
    fn prepare(
        &self,
        origin: &Origin,
        partner: &str,
        policy: PolicyVersion<'_>,
        drafts: Vec<tallygate_host::Transaction>,
    ) -> Result<Option<Prepared>, Problem> {
        let drafts = drafts.into_iter().map(draft).collect();
        let transactions = Transaction::check_all(drafts, partner, &self.zone).map_err(Problem::Violation)?;
        self.key_scopes.check(partner, &transactions).map_err(Problem::Violation)?;
        let today = Day::of_unix_millis(origin.unix_millis);
        let days = DayRange::of(today, self.horizon_days, self.future_days).and_a_day();
        days.check(&transactions).map_err(Problem::Violation)?;
        if transactions.is_empty() {
            return Ok(None);
        }
        let sums = journal::sums(&transactions);
        // Without room for its line, no message may be queued.
        let room = self.journal.claim(partner, &sums).map_err(|error| self.not_journalled(error))?;
        let (number, message) = self.encode(origin, partner, policy, &transactions)?;
        Ok(Some(Prepared { number, message, room, sums, transactions: transactions.len() as u64 }))
    }

    /// Takes a number only for a message that will reach the queue, so that a run has no gaps.
    fn encode(
        &self,
        origin: &Origin,
        partner: &str,
        policy: PolicyVersion<'_>,
        transactions: &[Transaction],
    ) -> Result<(MessageNumber, Bytes), Problem> {
        let encode = |sequence| {
            let number = MessageNumber { run: self.run, sequence };
            let head = Head {
                number,
                partner: Cow::Borrowed(partner),
                policy: Cow::Borrowed(policy.name),
                version: Cow::Borrowed(policy.version),
                traceparent: Cow::Borrowed(&origin.traceparent),
            };
            envelope::encode(&head, transactions)
                .map(|bytes| (number, Bytes::from(bytes)))
                .map_err(|error| Problem::MessageTooLarge(error.to_string()))
        };
        let bytes: usize = transactions.iter().map(|t| t.json.len() + 1).sum();
        if bytes + HEAD_BYTES > MESSAGE_BYTES {
            encode(u64::MAX)?;
        }
        encode(self.sequence.fetch_add(1, Ordering::Relaxed))
    }

    fn not_journalled(&self, error: JournalError) -> Problem {
        self.metrics.journal.errors.inc();
        match error {
            JournalError::Full(full) => Problem::JournalFull(full, self.limits.retry_after),
            other => Problem::Journal(other.to_string(), self.limits.retry_after),
        }
    }

    async fn publish(&self, message: Bytes, deadline: &Deadline) -> Result<(), Problem> {
        #[cfg(feature = "faults")]
        if self.reply_before_confirm {
            let queue = self.queue.clone();
            #[allow(clippy::disallowed_methods, reason = "a fault, which a test must notice")]
            tokio::spawn(async move { queue.publish(message).await });
            return Ok(());
        }
        let within = self.limits.queue_time.min(deadline.left());
        let began = Instant::now();
        let published = tokio::time::timeout(within, self.queue.publish(message)).await;
        self.metrics.publish_seconds.observe(began.elapsed().as_secs_f64());
        let failed = published.unwrap_or_else(|_| Err(self.queue.late(within)));
        let Err(error) = failed else {
            self.metrics.publishing.succeeded();
            return Ok(());
        };
        let detail = error.to_string();
        self.metrics.publish_errors.inc();
        self.metrics.publishing.failed(&detail);
        Err(Problem::Queue(detail, self.limits.retry_after))
    }
}

/// Whether transactions take so long to check and to encode that others should not wait for it.
fn is_large(drafts: &[tallygate_host::Transaction]) -> bool {
    let attributes = |draft: &tallygate_host::Transaction| {
        draft.attributes.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>()
    };
    let mut bytes = drafts.len() * TRANSACTION_LEAST_BYTES;
    drafts.iter().any(|draft| {
        bytes += attributes(draft);
        bytes > TRANSACTIONS_AT_ONCE_BYTES
    })
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use tallygate_queue::{Consumer, QueueError};

    use super::*;

    /// Confirms all there is, and counts it.
    #[derive(Default)]
    struct Confirms(AtomicU64);

    #[async_trait]
    impl Queue for Confirms {
        async fn publish(&self, _: Bytes) -> Result<(), QueueError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
        async fn consume(&self, _: u16) -> Result<Box<dyn Consumer>, QueueError> {
            Err(QueueError::Refused("not in this test".into()))
        }
        async fn depth(&self) -> Result<u64, QueueError> {
            Ok(0)
        }
    }

    fn journal_of(dir: &std::path::Path, max_bytes: u64) -> Journal {
        let answer_within = Limits::default().journal_time;
        let options = journal::JournalOptions { dir: dir.to_owned(), keep_days: 2, max_bytes, answer_within };
        Journal::open(&options, Run(7), Day::from_epoch_days(0), journal::JournalMetrics::default()).unwrap()
    }

    fn ingest(journal: Journal) -> Ingest {
        Ingest {
            queue: Arc::new(Confirms::default()),
            journal: Arc::new(journal),
            run: Run(7),
            sequence: AtomicU64::new(0),
            zone: "UTC".parse().unwrap(),
            horizon_days: 7,
            future_days: 7,
            key_scopes: KeyScopes::default(),
            limits: Limits::default(),
            metrics: Metrics::register(&mut prometheus_client::registry::Registry::default()),
            slow: SlowPool::start(PREPARING).unwrap(),
            #[cfg(feature = "faults")]
            reply_before_confirm: false,
        }
    }

    fn transaction(id: usize, attribute: usize) -> tallygate_host::Transaction {
        tallygate_host::Transaction {
            id: id.to_string(),
            time: "1970-01-01T00:00:00Z".into(),
            day: None,
            key: "k".into(),
            amount: "1".into(),
            currency: "EUR".into(),
            kind: "sale".into(),
            attributes: vec![("a".into(), "x".repeat(attribute))],
        }
    }

    async fn accept(ingest: &Arc<Ingest>, transactions: Vec<tallygate_host::Transaction>) -> Result<(), u16> {
        let caller = Caller::Partner("p".into());
        let origin = Origin { caller, partner: Some("p".into()), traceparent: "t".into(), unix_millis: 0 };
        let policy = PolicyVersion { name: "json", version: "v" };
        let deadline = Deadline::of(&ingest.limits);
        ingest.accept(&origin, policy, transactions, &deadline).await.map_err(|problem| problem.refusal().status)
    }

    #[tokio::test]
    async fn rule_13_without_its_line_in_the_journal_no_acknowledgement_leaves() {
        let dir = tempfile::tempdir().unwrap();
        let ingest = Arc::new(ingest(Journal::full(dir.path(), Day::from_epoch_days(0))));
        assert_eq!(accept(&ingest, vec![transaction(1, 1)]).await, Err(503));
    }

    #[tokio::test]
    async fn rule_3_without_room_for_its_line_no_message_is_queued() {
        let dir = tempfile::tempdir().unwrap();
        let queue = Arc::new(Confirms::default());
        let ingest = Arc::new(Ingest { queue: queue.clone(), ..ingest(journal_of(dir.path(), 400)) });
        let mut taken = 0;
        while taken < 100 && accept(&ingest, vec![transaction(taken as usize, 1)]).await.is_ok() {
            taken += 1;
        }
        assert_eq!(accept(&ingest, vec![transaction(9, 1)]).await, Err(503));
        assert_eq!((taken > 0, queue.0.load(Ordering::Relaxed)), (true, taken), "what was refused was not queued");
        let lines = journal::read(dir.path()).map(|entry| entry.unwrap().number.sequence);
        assert!(lines.eq(0..taken), "every message has its line");
        assert!(ingest.journal().trouble().unwrap().contains("journal.max_bytes"));
    }

    #[tokio::test]
    async fn rule_4_a_message_too_large_for_the_queue_takes_no_number() {
        let dir = tempfile::tempdir().unwrap();
        let ingest = Arc::new(ingest(journal_of(dir.path(), 1 << 20)));
        let many = |count| (0..count).map(|id| transaction(id, 60_000)).collect();
        assert_eq!(accept(&ingest, many(140)).await, Err(413));
        assert_eq!(accept(&ingest, many(139)).await, Ok(()));
        assert_eq!(journal::read(dir.path()).next().unwrap().unwrap().number.sequence, 0);
    }

    #[tokio::test]
    async fn a_large_batch_is_prepared_where_it_holds_nobody_up() {
        let dir = tempfile::tempdir().unwrap();
        let ingest = Arc::new(ingest(journal_of(dir.path(), 1 << 20)));
        // All threads for slow work wait for the end of this test.
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let ended = Arc::new(std::sync::Mutex::new(ended));
        let threads = std::thread::available_parallelism().unwrap().get();
        let blocked: Vec<_> = (0..threads)
            .map(|other| {
                let (ingest, ended) = (ingest.clone(), ended.clone());
                async move {
                    let caller = Caller::Partner(other.to_string().into());
                    ingest.slow.run(&caller, async move { ended.lock().unwrap().recv().is_err() }).await
                }
            })
            .collect();
        let blocked = futures::future::join_all(blocked);
        let batch = |count| (0..count).map(|id| transaction(id, 1)).collect::<Vec<_>>();
        let large = async {
            let mut large = Box::pin(accept(&ingest, batch(40_000)));
            assert!(futures::poll!(&mut large).is_pending());
            assert_eq!(accept(&ingest, batch(100)).await, Ok(()));
            assert!(futures::poll!(&mut large).is_pending());
            drop(end);
            large.await
        };
        assert_eq!(futures::future::join(blocked, large).await.1, Ok(()));
    }
}
