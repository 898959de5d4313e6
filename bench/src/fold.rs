//! (d) The fold with deduplication: in memory, and from Kafka to Cassandra and Kafka.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use hashbrown::HashMap;
use tallygate_core::envelope::{Head, Line};
use tallygate_core::fold::{Fold, Horizon};
use tallygate_core::record::{Entry, MessageHeaders};
use tallygate_core::{Draft, Identity, MessageNumber, PartitionBy, Run, Transaction, partition};
use tallygate_stream::{NewHeaders, NewRecord, Retention, Stream};
use tallygate_test_servers::{Cassandra, Kafka};

use crate::aims;
use crate::child::Measured;
use crate::floors;
use crate::log::{TOPIC, committed, draft, stream};
use crate::measure::here;
use crate::peer::{self, Folds};
use crate::progress;
use crate::report::Report;
use crate::site::Site;

const IN_MEMORY: u64 = 1_000_000;
const RECORDS: u64 = 1_000_000;
const KEYS: u64 = 100_000;
const BATCH: u64 = 5_000;
const TIME: Duration = Duration::from_secs(300);

struct Made {
    key: String,
    number: String,
    value: String,
}

pub fn measure(report: &mut Report) -> Result<()> {
    in_memory(report)?;
    through_kafka(report)
}

fn made(n: u64) -> Result<Made> {
    made_of(n, draft(n, KEYS, 0))
}

fn made_of(n: u64, draft: Draft) -> Result<Made> {
    let transaction = Transaction::check_all(vec![draft], "shop-1", &"UTC".parse()?)?.remove(0);
    Ok(Made { key: transaction.key, number: format!("{}/{n}/0", Run(7)), value: transaction.json })
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
    let stream = stream(&kafka.brokers())?;
    runtime.block_on(async {
        stream.prepare(Retention { fold_days: 15, lag_days: 0 }).await?;
        for start in (0..RECORDS).step_by(BATCH as usize) {
            stream.append((start..start + BATCH).map(new_record).collect::<Result<_>>()?).await?;
        }
        anyhow::Ok(())
    })?;
    let (brokers, contact_point) = (kafka.brokers(), cassandra.contact_point());
    let arguments = ["fold", &brokers, TOPIC, &contact_point, &RECORDS.to_string(), &KEYS.to_string()];
    let floor = floors::cost(&Measured::floor(&arguments)?.output()?)?;
    let site = Site::new(&format!(
        "[stream]\nbackend = \"kafka\"\nbrokers = [\"{brokers}\"]\n[sums]\nbackend = \"cassandra\"\ncontact_points = [\"{contact_point}\"]\n"
    ))?;
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

pub fn new_record(n: u64) -> Result<NewRecord> {
    record(n, made(n)?)
}

/// The same under a key that is said.
pub fn record_of_key(n: u64, key: String) -> Result<NewRecord> {
    record(n, made_of(n, Draft { key, ..draft(n, KEYS, 0) })?)
}

fn record(n: u64, made: Made) -> Result<NewRecord> {
    let head = Head {
        number: MessageNumber { run: Run(7), sequence: n },
        partner: "shop-1".into(),
        policy: "json".into(),
        version: "0".repeat(64).into(),
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into(),
    };
    let line = Line::read(&made.value)?;
    let headers = MessageHeaders::new(head, 1);
    let headers = headers.of(&line, 0);
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_bytes()));
    Ok(NewRecord {
        partition: partition::partition(PartitionBy::Key, &made.key, Identity(0), 4),
        key: made.key.into_bytes().into(),
        headers: NewHeaders::of(&headers),
        value: made.value.into(),
    })
}
