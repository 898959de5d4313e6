//! A whole line in memory: journals, queue, log, topic of sums and store, each to be falsified by itself.

use std::sync::{Arc, Mutex};

use tallygate_core::checkpoint::Correction;
use tallygate_core::fold::Horizon;
use tallygate_core::{Aggregate, MessageNumber, PartitionBy, Position, Row, Run};
use tallygate_reading::ledger::Reader;
use tallygate_reading::reconcile::{Accepted, AcceptedSum, Journals, Line, Report, Scope, reconcile};
use tallygate_stream::Topic;
use tallygate_sums::Sums;

use crate::log::Log;
use crate::store::{DAY, Store, row};

pub(crate) const RUN: Run = Run(7);

#[derive(Default)]
pub(crate) struct World {
    pub(crate) journal: Mutex<Vec<Line>>,
    /// Runs with a journal that has no line.
    pub(crate) runs: Mutex<Vec<Run>>,
    pub(crate) log: Log,
    pub(crate) store: Arc<Store>,
}

impl Journals for World {
    fn lines(&self) -> Result<Box<dyn Iterator<Item = Line> + '_>, String> {
        Ok(Box::new(self.journal.lock().unwrap().clone().into_iter()))
    }

    fn runs(&self) -> Result<Vec<Run>, String> {
        Ok(self.runs.lock().unwrap().clone())
    }

    fn horizon(&self) -> Horizon {
        Horizon { past: 7, future: 7 }
    }
}

impl World {
    /// Three messages of 10.00, the second a repeat of the first: two count.
    pub(crate) fn sound() -> Self {
        let world = Self::sound_but_for_sums(PartitionBy::Key);
        world.count(2, "20.00");
        world
    }

    /// The same without what counts.
    pub(crate) fn sound_but_for_sums(partition_by: PartitionBy) -> Self {
        let world = Self { store: Arc::new(Store::spread_by(partition_by)), ..Self::default() };
        for sequence in 0..3 {
            world.accept(sequence, 1, "10.00");
            world.ship(sequence, 0, "10.00");
        }
        world.sum(Aggregate::Duplicate, 1, "10.00");
        world.log.commit_all();
        world
    }

    pub(crate) fn accept(&self, sequence: u64, count: u64, sum: &str) {
        self.accept_on(sequence, &[(DAY, count, sum)]);
    }

    pub(crate) fn accept_on(&self, sequence: u64, sums: &[(&str, u64, &str)]) {
        let sum = |(day, count, sum): &(&str, u64, &str)| AcceptedSum {
            day: day.parse().unwrap(),
            currency: "EUR".parse().unwrap(),
            count: *count,
            sum: sum.parse().unwrap(),
        };
        let number = MessageNumber { run: RUN, sequence };
        let sums = sums.iter().map(sum).collect();
        self.journal.lock().unwrap().push(Line::Accepted(Accepted { number, partner: "shop-1".into(), sums }));
    }

    pub(crate) fn ship(&self, sequence: u64, ordinal: u32, amount: &str) {
        self.ship_on(DAY, RUN, sequence, ordinal, amount);
    }

    pub(crate) fn ship_on(&self, day: &str, run: Run, sequence: u64, ordinal: u32, amount: &str) {
        let number = format!("{run}/{sequence}/{ordinal}");
        let value = format!(
            r#"{{"id":"{sequence}","day":"{day}","key":"k","amount":"{amount}","currency":"EUR","partner":"shop-1"}}"#
        );
        let headers = [("tallygate-number", &*number), ("tallygate-policy", "json@1")];
        self.log.put(Topic::Transactions, (sequence % 2) as u32, &headers, &value);
    }

    /// So much counts, by key and by partner.
    pub(crate) fn count(&self, count: u64, sum: &str) {
        self.both(row(Aggregate::Daily, "k", "EUR", 0, 9, count, sum));
        self.sum(Aggregate::Counted, count, sum);
    }

    pub(crate) fn sum(&self, aggregate: Aggregate, count: u64, sum: &str) {
        self.both(row(aggregate, "shop-1", "EUR", 0, 9, count, sum));
    }

    /// In the topic and in the store.
    pub(crate) fn both(&self, row: Row) {
        self.log.put_row(&row);
        self.store.put(row);
    }

    /// A partition's position behind all of its records, with these corrections.
    pub(crate) async fn position(&self, partition: u32, next: u64, corrections: &[Correction]) {
        let generation = self.store.generations().await.unwrap().remove(0);
        let position = Position {
            next,
            clock: Some(1_795_375_181_500),
            corrections: corrections.to_vec(),
            ..Position::beginning(generation, partition)
        };
        self.log.put(Topic::DailySums, partition, &[], &position.topic_value());
    }

    pub(crate) async fn reconcile(&self, depth: u64) -> Report {
        self.reconcile_asking(async || Ok(depth)).await
    }

    pub(crate) async fn reconcile_asking(&self, queue: impl AsyncFn() -> Result<u64, String>) -> Report {
        self.reconcile_of(queue, &Scope::default()).await
    }

    pub(crate) async fn reconcile_of(&self, queue: impl AsyncFn() -> Result<u64, String>, scope: &Scope) -> Report {
        let reader = Reader::new(self.store.clone());
        reconcile(self, queue, &self.log, &reader, scope).await.unwrap()
    }
}

/// How far the first group is off.
pub(crate) fn off(report: &Report) -> Option<(i64, String)> {
    report.groups[0].difference.map(|d| (d.count, d.sum.to_string()))
}
