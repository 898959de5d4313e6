//! What the appliance has written: the store's rows and the compacted topic's.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tallygate::config::Config;
use tallygate_core::{Aggregate, Day, Row, RowKey, SumsRecord};
use tallygate_stream::{Start, Stream, Topic};
use tallygate_sums::Sums;

use super::eventually::eventually;
use super::process::Process;

const MADE: Duration = Duration::from_secs(60);

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
        let stream = runtime.block_on(async { tallygate::parts::read_stream(&config).unwrap() });
        // One that was removed is made anew by its owner, in its own time.
        let sums = eventually("there is a store", MADE, || {
            runtime.block_on(async { tallygate::parts::read_sums(&config) }).map_err(|error| error.to_string())
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

    /// The latest daily rows of the compacted topic.
    pub fn topic(&self) -> BTreeMap<RowKey, Row> {
        self.runtime.block_on(daily_rows(&*self.stream, self.partitions))
    }
}

/// The latest daily rows of the topic of sums.
pub async fn daily_rows(stream: &dyn Stream, partitions: u32) -> BTreeMap<RowKey, Row> {
    let starts = (0..partitions).map(|partition| (partition, Start::Beginning)).collect();
    let mut follower = stream.follow(Topic::DailySums, starts).await.unwrap();
    let mut rows = BTreeMap::new();
    loop {
        let batch = follower.next().await.unwrap();
        for record in &batch.records {
            let row = SumsRecord::read(record.key(), record.value()).unwrap().row();
            if let Some(row) = row.filter(|row| row.at.aggregate == Aggregate::Daily) {
                rows.insert(row.at.clone(), row);
            }
        }
        if batch.caught_up {
            return rows;
        }
    }
}
