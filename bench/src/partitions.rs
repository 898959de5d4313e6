//! (d) An aggregator that works off a log in memory: one partition, several in turn, and several side by side.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tallygate_aggregator::{Aggregator, AggregatorMetrics, AggregatorOptions, limits};
use tallygate_core::fold::Horizon;
use tallygate_core::generation::{FOLD_RULES, Plan};
use tallygate_core::{Generation, LogId, PartitionBy};
use tallygate_stream::{NewRecord, Record, Stream};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::aims::{self, Line};
use crate::log::TOPIC;
use crate::measure::here;
use crate::memory::{MemoryLog, NoStore};
use crate::records::record_of_key;
use crate::report::Report;

const RECORDS: u64 = 1_000_000;
/// Few, so that it is the folding that is measured, and not the rows.
const KEYS: u64 = 10_000;
/// As Kafka's client hands them on: records of a piece, and pieces of a partition before those of the next one.
const PIECE: usize = 256;
const PIECES: usize = 8;
const HORIZON: Horizon = Horizon { past: 7, future: 7 };
const FLUSH_EVERY: Duration = Duration::from_millis(20);

pub fn measure(report: &mut Report) -> Result<()> {
    let runtime = Runtime::new()?;
    let in_turn = usize::MAX;
    worked_off(&runtime, report, &aims::ONE_PARTITION, 1, in_turn)?;
    worked_off(&runtime, report, &aims::IN_TURN, 4, in_turn)?;
    worked_off(&runtime, report, &aims::SIDE_BY_SIDE, 4, limits::SIDE_BY_SIDE)
}

fn worked_off(runtime: &Runtime, report: &mut Report, line: &Line, partitions: u32, side_by_side: usize) -> Result<()> {
    let log = Arc::new(log(partitions)?);
    let options = AggregatorOptions { side_by_side, ..AggregatorOptions::new(HORIZON, FLUSH_EVERY, None) };
    let metrics = AggregatorMetrics::default();
    let stream: Arc<dyn Stream> = Arc::clone(&log) as _;
    let aggregator = Aggregator::new(options, stream, Arc::new(NoStore), generation(partitions), metrics);
    let shutdown = CancellationToken::new();
    let (cost, outcome) = here(RECORDS, || {
        runtime.block_on(async {
            let task = tokio::spawn(aggregator.run(shutdown.clone()));
            log.worked_off().await;
            shutdown.cancel();
            task.await
        })
    });
    outcome??;
    report.figure(line, &cost, None);
    Ok(())
}

fn log(partitions: u32) -> Result<MemoryLog> {
    let now = jiff::Timestamp::now().as_millisecond();
    let mut all = vec![Vec::new(); partitions as usize];
    for n in 0..RECORDS {
        let made = record_of_key(n, format!("key-{}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15) % KEYS))?;
        let number = made.partition % partitions;
        let of_partition = &mut all[number as usize];
        of_partition.push(record(&made, number, of_partition.len() as u64, now));
    }
    let ends = all.iter().map(|records| records.len() as u64).collect();
    let mut rest: Vec<_> = all.into_iter().map(Vec::into_iter).collect();
    let mut pieces = Vec::new();
    while rest.iter().any(|records| records.len() > 0) {
        for records in &mut rest {
            let next = (0..PIECES).map(|_| records.by_ref().take(PIECE).collect::<Vec<_>>());
            pieces.extend(next.filter(|piece| !piece.is_empty()));
        }
    }
    Ok(MemoryLog::new(pieces, ends))
}

fn record(made: &NewRecord, partition: u32, offset: u64, appended: i64) -> Record {
    let headers: Vec<_> = made.headers.iter().collect();
    Record::new((partition, offset, appended), &made.key, &headers, &made.value)
}

fn generation(partitions: u32) -> Generation {
    let plan = Plan {
        topic: TOPIC.to_owned(),
        partitions,
        partition_by: PartitionBy::Key,
        horizon_days: HORIZON.past,
        future_days: HORIZON.future,
        fold_rules: FOLD_RULES,
        group: "tallygate".to_owned(),
    };
    Generation::first(plan, LogId(7))
}
