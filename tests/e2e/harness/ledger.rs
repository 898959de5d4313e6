//! What the appliance says in the end: the store's rows, the compacted topic's, and its own reconciliation.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tallygate::config::Config;
use tallygate::faults::Fault;
use tallygate_core::{Aggregate, Day, Row, RowKey};
use tallygate_stream::{Start, Stream, Topic};
use tallygate_sums::Sums;

use super::books::{Figure, Place, add_up, differences};
use super::eventually;
use super::process::Process;
use super::sender::Senders;

/// A site as one who reads along sees it.
pub struct Ledger {
    runtime: tokio::runtime::Runtime,
    stream: Arc<dyn Stream>,
    sums: Arc<dyn Sums>,
    partitions: u32,
}

impl Ledger {
    /// Reads what this process writes.
    pub fn of(process: &Process) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let config = Config::load(&process.config).unwrap();
        let (stream, sums) = runtime.block_on(async {
            let stream = tallygate::parts::read_stream(&config).unwrap();
            (stream, tallygate::parts::read_sums(&config).unwrap())
        });
        Self { runtime, stream, sums, partitions: 4 }
    }

    /// The daily rows of the store, by partition.
    pub fn store(&self, days: &[Day]) -> BTreeMap<RowKey, Row> {
        self.runtime.block_on(async {
            let mut rows = BTreeMap::new();
            for day in days {
                for partition in 0..self.partitions {
                    for row in self.sums.read(Aggregate::Daily, *day, partition, None).await.unwrap() {
                        rows.insert(row.at.clone(), row);
                    }
                }
            }
            rows
        })
    }

    /// Writes rows as a process would that slept since it had them in its hands.
    pub fn write_late(&self, process: &Process, rows: &BTreeMap<RowKey, Row>, fault: Fault) {
        let config = Config::load(&process.config).unwrap();
        let rows: Vec<Row> = rows.values().cloned().collect();
        self.runtime.block_on(async { tallygate::parts::sums(&config, fault).unwrap().upsert(&rows).await.unwrap() });
    }

    /// The latest daily rows of the compacted topic.
    pub fn topic(&self) -> BTreeMap<RowKey, Row> {
        self.runtime.block_on(async {
            let starts = (0..self.partitions).map(|partition| (partition, Start::Beginning)).collect();
            let mut follower = self.stream.follow(Topic::DailySums, starts).await.unwrap();
            let mut rows = BTreeMap::new();
            loop {
                let batch = follower.next().await.unwrap();
                for record in &batch.records {
                    let row = Row::from_topic_value(record.value()).unwrap();
                    if row.at.aggregate == Aggregate::Daily {
                        rows.insert(row.at.clone(), row);
                    }
                }
                if batch.caught_up {
                    return rows;
                }
            }
        })
    }
}

/// Waits until `reconcile` says that the books balance.
pub fn until_balanced(process: &Process, journals: &[&Process], within: Duration) {
    let mut arguments = vec!["reconcile".to_owned(), "--json".to_owned()];
    for other in journals {
        arguments.extend(["--journal".to_owned(), other.data.join("journal").display().to_string()]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    eventually("the books balance", within, || {
        let output = process.command(&arguments);
        if output.status.success() {
            return Ok(());
        }
        Err(format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
    });
}

/// Waits until nothing is on its way any more, whether the books balance or not.
pub fn until_drained(process: &Process, within: Duration) {
    let config = Config::load(&process.config).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stream = tallygate::parts::read_stream(&config).unwrap();
    eventually("everything is through", within, || {
        runtime.block_on(async {
            let depth = tallygate::parts::queue_depth(&config).await.map_err(|e| e.to_string())?;
            let bounds = stream.bounds(Topic::Transactions).await.map_err(|e| e.to_string())?;
            let lag: u64 = bounds.iter().map(|b| b.high.saturating_sub(b.committed)).sum();
            if depth + lag == 0 { Ok(()) } else { Err(format!("{depth} in the queue, {lag} not folded")) }
        })
    });
}

/// Compares store, compacted topic and the senders' books; returns what differs.
pub fn audit(ledger: &Ledger, senders: &Senders) -> Vec<String> {
    let expected: BTreeMap<Place, Figure> = senders.books.figures();
    let store = ledger.store(&senders.books.days());
    let topic = ledger.topic();
    let mut all = differences(&expected, &add_up(store.values().cloned()));
    if store != topic {
        let differ = |(at, row): &(&RowKey, &Row)| topic.get(*at) != Some(*row);
        all.extend(
            store.iter().filter(differ).take(8).map(|(at, row)| format!("store {row:?}, topic {:?}", topic.get(at))),
        );
        all.extend(
            topic.keys().filter(|at| !store.contains_key(*at)).take(8).map(|at| format!("only in the topic: {at:?}")),
        );
    }
    all
}
