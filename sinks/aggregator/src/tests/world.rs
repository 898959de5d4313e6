//! Records as they are shipped, aggregators that come and go, and what must come out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tallygate_core::fold::Horizon;
use tallygate_core::generation::{FOLD_RULES, Plan};
use tallygate_core::partition::partition;
use tallygate_core::record::{NUMBER, ORIGIN, POLICY};
use tallygate_core::{Day, Generation, Identity, LogId, PartitionBy, Row, RowKey, SumsRecord, Work};
use tallygate_stream::Record;
use tallygate_sums::Sums;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::chance::Chance;
use super::fake_log::FakeLog;
use super::fake_store::FakeStore;
use super::oracle::{Expected, expected};
use crate::limits::FLUSH_ROWS;
use crate::{Aggregator, AggregatorError, AggregatorMetrics, AggregatorOptions, Handle, WallClock};

pub(crate) const HORIZON: Horizon = Horizon { past: 2, future: 1 };
pub(crate) const DAY: i64 = 86_400_000;
/// 2026-11-22, noon.
pub(crate) const NOON: i64 = 20_779 * DAY + DAY / 2;

/// Of the worlds' generation, among all log partitions.
pub(crate) const FIRST_PARTITION: u32 = 10;

pub(crate) struct World {
    pub(crate) spread: PartitionBy,
    pub(crate) chance: Arc<Chance>,
    pub(crate) log: FakeLog,
    pub(crate) store: Arc<FakeStore>,
    pub(crate) state_path: Option<PathBuf>,
    pub(crate) flush_every: Duration,
    pub(crate) flush_rows: usize,
    pub(crate) side_by_side: usize,
    pub(crate) compare_every: Duration,
    /// Whether the log lacks some offsets, as one does to which strangers write in transactions; it is read once more there.
    pub(crate) has_gaps: bool,
    /// What the machine's clock says, Unix milliseconds.
    pub(crate) now: Arc<AtomicI64>,
    /// Of all its aggregators.
    pub(crate) metrics: AggregatorMetrics,
    #[cfg(feature = "faults")]
    pub(crate) faults: crate::Faults,
}

pub(crate) struct Running {
    pub(crate) handle: Handle,
    pub(crate) task: JoinHandle<Result<(), AggregatorError>>,
    /// What it says of itself.
    pub(crate) work: watch::Receiver<Work>,
    shutdown: CancellationToken,
}

/// One transaction as a partner sent it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) partition: u32,
    pub(crate) message: u64,
    pub(crate) id: u64,
    pub(crate) key: u64,
    pub(crate) day: i64,
    pub(crate) amount: u64,
    pub(crate) appended: i64,
}

impl World {
    pub(crate) fn new(spread: PartitionBy, seed: u64, partitions: usize, delay: Duration) -> Self {
        let chance = Arc::new(Chance::new(seed));
        Self {
            spread,
            log: FakeLog::new(&chance, delay, partitions),
            store: FakeStore::new(&chance, delay),
            chance,
            state_path: None,
            flush_every: Duration::from_millis(1),
            flush_rows: FLUSH_ROWS,
            // Whatever records of several partitions come together.
            side_by_side: 2,
            compare_every: Duration::from_secs(10),
            has_gaps: true,
            now: Arc::new(AtomicI64::new(i64::MAX / 2)),
            metrics: AggregatorMetrics::default(),
            #[cfg(feature = "faults")]
            faults: Default::default(),
        }
    }

    pub(crate) fn partitions(&self) -> u32 {
        self.log.state().log.len() as u32
    }

    pub(crate) fn start(&self) -> Running {
        self.start_with(self.state_path.clone(), self.wall())
    }

    /// With a local state of its own.
    pub(crate) fn start_keeping(&self, state_path: Option<PathBuf>) -> Running {
        self.start_with(state_path, self.wall())
    }

    /// Whose clock is this one.
    pub(crate) fn start_by(&self, wall: WallClock) -> Running {
        self.start_with(self.state_path.clone(), wall)
    }

    fn wall(&self) -> WallClock {
        let now = Arc::clone(&self.now);
        WallClock::new(move || now.load(Ordering::Relaxed))
    }

    fn start_with(&self, state_path: Option<PathBuf>, wall: WallClock) -> Running {
        let options = AggregatorOptions {
            flush_rows: self.flush_rows,
            side_by_side: self.side_by_side,
            compare_every: self.compare_every,
            wall,
            ..AggregatorOptions::new(HORIZON, self.flush_every, state_path)
        };
        #[cfg(feature = "faults")]
        let options = AggregatorOptions { faults: self.faults, ..options };
        let store: Arc<dyn Sums> = Arc::clone(&self.store) as _;
        let log = Arc::new(self.log.clone());
        let aggregator = Aggregator::new(options, log, store, generation(self.spread), self.metrics.clone());
        let (handle, shutdown) = (aggregator.handle(), CancellationToken::new());
        let (says, work) = watch::channel(Work::Goes);
        let task = tokio::spawn(aggregator.saying(says).run(shutdown.clone()));
        Running { handle, task, work, shutdown }
    }

    /// Appends a record with the next offset of its partition; now and then offsets leave a gap, if they may.
    pub(crate) fn append(&self, sent: Sent) -> u64 {
        let number = sent.partition as usize;
        let next = {
            let state = self.log.state();
            state.high(number)
        };
        let offset = next + u64::from(self.has_gaps && next > 0 && self.chance.one_in(50));
        self.log.push(sent.record(offset));
        offset
    }

    /// Waits until all that was appended is committed.
    pub(crate) async fn settle(&self) {
        for _ in 0..100_000 {
            let partitions = self.log.state().log.len();
            if (0..partitions).all(|number| self.log.is_folded(number)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("not all was committed: {:?}", self.log.state().committed);
    }

    /// Store, topic and dead letters are what the rules say of the whole log.
    pub(crate) fn check(&self) {
        self.check_but(&BTreeSet::new());
    }

    /// Of partitions that stand, what is there must be true of a prefix.
    pub(crate) fn check_but(&self, standing: &BTreeSet<u32>) {
        let expected = self.expected();
        let stands = |at: &RowKey| standing.contains(&(at.partition - FIRST_PARTITION));
        let topic = self.topic();
        let check = |found: BTreeMap<RowKey, Row>, what: &str| {
            for row in found.values() {
                let state = expected.states.get(&(row.at.clone(), row.offset));
                assert_eq!(state, Some(row), "{what}: a row that was never true");
            }
            // Days that are over may have gone from the topic, and then the store's rows of them are its own to keep.
            let counts = |at: &RowKey| !stands(at) && (topic.contains_key(at) || !expected.is_over(at));
            let found: BTreeMap<RowKey, Row> = found.into_iter().filter(|(at, _)| counts(at)).collect();
            let rows = expected.rows.iter().filter(|(at, _)| counts(at));
            assert_same(&found, &rows.map(|(at, row)| (at.clone(), row.clone())).collect(), what);
        };
        check(self.store.rows(), "the store");
        check(topic.clone(), "the compacted topic");
        let origin = |header: &(&str, &[u8])| header.0 == ORIGIN;
        let mut letters: Vec<String> = self
            .log
            .state()
            .dead_letters
            .iter()
            .filter(|letter| !standing.contains(&letter.partition))
            .map(|letter| String::from_utf8_lossy(letter.headers.iter().find(origin).unwrap().1).into_owned())
            .collect();
        letters.sort();
        let dead = expected.dead.into_iter();
        let of = |dead: &String| dead.split_once('/').and_then(|(number, _)| number.parse::<u32>().ok());
        let dead: Vec<String> = dead.filter(|dead| of(dead).is_none_or(|number| !standing.contains(&number))).collect();
        assert_eq!(letters, dead, "the dead letters");
    }

    /// The rows of the topic of sums.
    pub(crate) fn topic(&self) -> BTreeMap<RowKey, Row> {
        let state = self.log.state();
        let mut topic = BTreeMap::new();
        for record in state.sums.iter().flatten() {
            if let Some(row) = SumsRecord::read(record.key(), record.value()).unwrap().row() {
                assert_eq!(record.partition, row.at.partition - FIRST_PARTITION);
                assert_eq!(record.key(), row.at.topic_key().as_bytes());
                topic.insert(row.at.clone(), row);
            }
        }
        topic
    }

    pub(crate) fn expected(&self) -> Expected {
        expected(&self.log.state().log, |record| record.appended)
    }
}

fn assert_same(found: &BTreeMap<RowKey, Row>, wanted: &BTreeMap<RowKey, Row>, what: &str) {
    let wrong = found.iter().filter(|(at, row)| wanted.get(*at) != Some(*row));
    let missing = wanted.values().filter(|row| !found.contains_key(&row.at));
    let wrong: Vec<_> = wrong.map(|(at, row)| (row, wanted.get(at))).collect();
    let missing: Vec<_> = missing.collect();
    assert!(wrong.is_empty() && missing.is_empty(), "{what}: wrong {wrong:#?}, missing {missing:#?}");
}

impl Running {
    /// As a crash would end it.
    pub(crate) async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap();
    }
}

impl Sent {
    pub(crate) fn of(partition: u32, id: u64) -> Self {
        Self { partition, message: id, id, key: id % 7, day: NOON / DAY, amount: 100 + id, appended: NOON + id as i64 }
    }

    fn key(self) -> String {
        format!("key-{}", self.key)
    }

    fn partner(self) -> &'static str {
        if self.id.is_multiple_of(2) { "even" } else { "odd" }
    }

    fn identity(self) -> Identity {
        Identity::of(self.partner(), "json", &self.id.to_string())
    }

    /// The same in the partition to which a shipper appends it.
    pub(crate) fn in_its_place(self, spread: PartitionBy, partitions: u32) -> Self {
        Self { partition: partition(spread, &self.key(), self.identity(), partitions), ..self }
    }

    pub(crate) fn record(self, offset: u64) -> Record {
        let day = Day::from_epoch_days(self.day as i32);
        let Self { partition, message, id, amount, appended, .. } = self;
        let (key, partner) = (self.key(), self.partner());
        let value = format!(
            r#"{{"id":"{id}","time":"2026-11-22T12:00:00Z","day":"{day}","key":"{key}","amount":"{amount}.25","currency":"EUR","type":"sale","partner":"{partner}","attributes":{{}}}}"#
        );
        // What cannot be read is there too.
        let value = if id % 97 == 96 { "garbage".to_owned() } else { value };
        let number = format!("{:032x}/{message}/0", 1);
        let headers: [(&str, &[u8]); 2] = [(NUMBER, number.as_bytes()), (POLICY, b"json@abc")];
        Record::new((partition, offset, appended), key.as_bytes(), &headers, value.as_bytes())
    }
}

pub(crate) fn generation(spread: PartitionBy) -> Generation {
    Generation {
        number: 2,
        first_partition: FIRST_PARTITION,
        log: LogId(7),
        plan: Plan {
            topic: "t".into(),
            partitions: 3,
            partition_by: spread,
            horizon_days: HORIZON.past,
            future_days: HORIZON.future,
            fold_rules: FOLD_RULES,
            group: "tallygate".into(),
        },
    }
}
