//! Records as they are shipped, aggregators that come and go, and what must come out.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tallygate_core::fold::{Fold, Horizon, NotOpen, Verdict};
use tallygate_core::generation::{FOLD_RULES, Plan};
use tallygate_core::record::{Entry, NUMBER, ORIGIN, POLICY};
use tallygate_core::{Day, Generation, PartitionBy, Row, RowKey};
use tallygate_stream::Record;
use tallygate_sums::Sums;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::chance::Chance;
use super::fake_log::FakeLog;
use super::fake_store::FakeStore;
use crate::{Aggregator, AggregatorError, AggregatorMetrics, AggregatorOptions, Handle};

pub(crate) const HORIZON: Horizon = Horizon { past: 2, future: 1 };
pub(crate) const DAY: i64 = 86_400_000;
/// 2026-11-22, noon.
pub(crate) const NOON: i64 = 20_779 * DAY + DAY / 2;

pub(crate) struct World {
    pub(crate) chance: Arc<Chance>,
    pub(crate) log: FakeLog,
    pub(crate) store: Arc<FakeStore>,
    pub(crate) state_path: Option<PathBuf>,
    pub(crate) flush_every: Duration,
    #[cfg(feature = "faults")]
    pub(crate) faults: crate::Faults,
}

pub(crate) struct Running {
    pub(crate) handle: Handle,
    pub(crate) task: JoinHandle<Result<(), AggregatorError>>,
    shutdown: CancellationToken,
}

/// One transaction as a partner sent it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) partition: u32,
    pub(crate) message: u64,
    pub(crate) id: u64,
    pub(crate) day: i64,
    pub(crate) amount: u64,
    pub(crate) appended: i64,
}

impl World {
    pub(crate) fn new(seed: u64, partitions: usize, delay: Duration) -> Self {
        let chance = Arc::new(Chance::new(seed));
        Self {
            log: FakeLog::new(&chance, delay, partitions),
            store: FakeStore::new(&chance, delay),
            chance,
            state_path: None,
            flush_every: Duration::from_millis(1),
            #[cfg(feature = "faults")]
            faults: Default::default(),
        }
    }

    pub(crate) fn start(&self) -> Running {
        let options = AggregatorOptions::new(HORIZON, self.flush_every, self.state_path.clone());
        #[cfg(feature = "faults")]
        let options = AggregatorOptions { faults: self.faults, ..options };
        let store: Arc<dyn Sums> = Arc::clone(&self.store) as _;
        let log = Arc::new(self.log.clone());
        let aggregator = Aggregator::new(options, log, store, generation(), AggregatorMetrics::default());
        let (handle, shutdown) = (aggregator.handle(), CancellationToken::new());
        let task = tokio::spawn(aggregator.run(shutdown.clone()));
        Running { handle, task, shutdown }
    }

    /// Appends a record with the next offset of its partition; now and then offsets leave a gap.
    pub(crate) fn append(&self, sent: Sent) -> u64 {
        let number = sent.partition as usize;
        let next = {
            let state = self.log.state();
            state.log[number].last().map_or(state.lows[number], |last| last.offset + 1)
        };
        let offset = next + u64::from(next > 0 && self.chance.one_in(50));
        self.log.push(sent.record(offset));
        offset
    }

    /// Waits until all that was appended is committed.
    pub(crate) async fn settle(&self) {
        for _ in 0..100_000 {
            if self.log.is_all_committed() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("not all was committed: {:?}", self.log.state().committed);
    }

    /// Store, topic and dead letters are what one fold of the whole log says.
    pub(crate) fn check(&self) {
        let (rows, dead) = self.oracle();
        let found = self.store.rows();
        assert_same(&found, &rows, "the store");
        let state = self.log.state();
        let mut topic = BTreeMap::new();
        for record in &state.sums {
            let row = Row::from_topic_value(&record.value).unwrap();
            assert_eq!(record.partition, row.at.partition - generation().first_partition);
            assert_eq!(record.key, row.at.topic_key());
            topic.insert(row.at.clone(), row);
        }
        assert_same(&topic, &rows, "the compacted topic");
        let origin = |name: &&(&str, bytes::Bytes)| name.0 == ORIGIN;
        let mut letters: Vec<String> = state
            .dead_letters
            .iter()
            .map(|letter| String::from_utf8_lossy(&letter.headers.iter().find(origin).unwrap().1).into_owned())
            .collect();
        letters.sort();
        assert_eq!(letters, dead, "the dead letters");
    }

    /// One fold of each partition, from the beginning, without any store; and the origins of the dead letters.
    pub(crate) fn oracle(&self) -> (BTreeMap<RowKey, Row>, Vec<String>) {
        let (mut rows, mut dead) = (BTreeMap::new(), Vec::new());
        for (number, records) in self.log.state().log.iter().enumerate() {
            let mut fold = Fold::new(generation().log_partition(number as u32), HORIZON);
            for record in records {
                let entry = Entry::read(record.header(NUMBER), record.header(POLICY), record.value());
                let verdict = loop {
                    match fold.apply(record.offset, record.appended, &entry) {
                        Ok(verdict) => break verdict,
                        Err(NotOpen(day)) => fold.open(day, Vec::new()),
                    }
                };
                if matches!(verdict, Verdict::Dead(_)) {
                    dead.push(format!("{number}/{}", record.offset));
                }
            }
            rows.extend(fold.take_rows().into_iter().map(|row| (row.at.clone(), row)));
        }
        dead.sort();
        (rows, dead)
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
        Self { partition, message: id, id, day: NOON / DAY, amount: 100 + id, appended: NOON + id as i64 }
    }

    pub(crate) fn record(self, offset: u64) -> Record {
        let day = Day::from_epoch_days(self.day as i32);
        let Self { partition, message, id, amount, appended, .. } = self;
        let (key, partner) = (id % 7, if id.is_multiple_of(2) { "even" } else { "odd" });
        let value = format!(
            r#"{{"id":"{id}","time":"2026-11-22T12:00:00Z","day":"{day}","key":"key-{key}","amount":"{amount}.25","currency":"EUR","type":"sale","partner":"{partner}","attributes":{{}}}}"#
        );
        // What cannot be read is there too.
        let value = if id % 97 == 96 { "garbage".to_owned() } else { value };
        let number = format!("{:032x}/{message}/0", 1);
        let headers: [(&str, &[u8]); 2] = [(NUMBER, number.as_bytes()), (POLICY, b"json@abc")];
        Record::new((partition, offset, appended), format!("key-{key}").as_bytes(), &headers, value.as_bytes())
    }
}

pub(crate) fn generation() -> Generation {
    Generation {
        number: 2,
        first_partition: 10,
        log: tallygate_core::LogId(7),
        plan: Plan {
            topic: "t".into(),
            partitions: 3,
            partition_by: PartitionBy::Key,
            horizon_days: HORIZON.past,
            future_days: HORIZON.future,
            fold_rules: FOLD_RULES,
            group: "tallygate".into(),
        },
    }
}
