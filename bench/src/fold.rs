//! (d) The fold with deduplication: in memory, and from Kafka to Cassandra and Kafka.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use hashbrown::HashMap;
use tallygate_core::fold::{Fold, Horizon};
use tallygate_core::record::Entry;
use tallygate_stream::Stream;
use tallygate_test_servers::{Cassandra, Kafka};

use crate::aims;
use crate::child::Measured;
use crate::floors;
use crate::log::{TOPIC, committed, prepared};
use crate::measure::here;
use crate::partitions;
use crate::peer::{self, Folds};
use crate::progress;
use crate::records::{KEYS, Made, fill, made};
use crate::report::Report;
use crate::site::Site;

const IN_MEMORY: u64 = 1_000_000;
const RECORDS: u64 = 1_000_000;
const TIME: Duration = Duration::from_secs(300);

pub fn measure(report: &mut Report) -> Result<()> {
    in_memory(report)?;
    partitions::measure(report)?;
    through_kafka(report)
}

fn in_memory(report: &mut Report) -> Result<()> {
    let all: Vec<Made> = (0..IN_MEMORY).map(made).collect::<Result<_>>()?;
    let (floor, _) = here(IN_MEMORY, || {
        let mut sums: HashMap<String, (i128, u64)> = HashMap::new();
        for made in &all {
            if let Ok(entry) = Entry::read(Some(made.number.as_bytes()), Some(b"json@0"), made.value.as_bytes()) {
                let sum = sums.entry_ref(&*entry.key).or_default();
                *sum = (sum.0 + entry.amount.units(), sum.1 + 1);
            }
        }
        sums.len()
    });
    let entries: Vec<_> = all
        .iter()
        .map(|made| Entry::read(Some(made.number.as_bytes()), Some(b"json@0"), made.value.as_bytes()))
        .collect();
    let now = jiff::Timestamp::now().as_millisecond();
    let mut fold = Fold::new(0, Horizon { past: 7, future: 7 });
    let (cost, counted) = here(IN_MEMORY, || {
        entries.iter().enumerate().filter(|(offset, entry)| fold.apply(*offset as u64, now, entry).is_ok()).count()
    });
    ensure!(counted as u64 == IN_MEMORY, "only {counted} were folded");
    // The floor parses each record and adds its amount, and knows no identities.
    report.figure(&aims::FOLD, &cost, Some(&floor));
    Ok(())
}

fn through_kafka(report: &mut Report) -> Result<()> {
    let (kafka, cassandra) = (Kafka::start()?, Cassandra::start()?);
    let runtime = tokio::runtime::Runtime::new()?;
    let stream = prepared(&runtime, &kafka.brokers())?;
    runtime.block_on(fill(&*stream, 0..RECORDS))?;
    let (brokers, contact_point) = (kafka.brokers(), cassandra.contact_point());
    let arguments = ["fold", &brokers, TOPIC, &contact_point, &RECORDS.to_string(), &KEYS.to_string()];
    let floor = floors::cost(&Measured::floor(&arguments)?.output()?)?;
    let site = Site::behind_the_queue(&kafka, &cassandra)?;
    let before = peer::broker(&kafka)?;
    let aggregator = Measured::tallygate(&site.config(), "aggregator")?;
    let cost = progress::cost_of_all(&aggregator, RECORDS, TIME, || committed(&runtime, &*stream))?;
    report.figure(&aims::SUMS, &cost, Some(&floor));
    let folds = Folds { name: "Tallygate", process: &aggregator, kafka: &kafka, sums: "tallygate.daily-sums" };
    folds.tell(&cost, before)?;
    let stream: Arc<dyn Stream> = stream;
    folds.stream_to_stream(&runtime, &stream)?;
    drop(aggregator);
    peer::measure(&runtime, &kafka, RECORDS)
}
