//! Makes the checkpoint of a partition anew: from the rows in the store, or by folding the log from its beginning.

use std::collections::BTreeMap;

use tallygate_core::fold::Fold;
use tallygate_core::{Aggregate, Day, Generation, Position, Row, RowKey};
use tallygate_stream::{NewRecord, Record, Stream, Topic};
use tallygate_sums::Sums;

use super::ByHandError;
use super::hold::Held;
use crate::checkpoint::Checkpoint;
use crate::ends::Ends;
use crate::fingerprint::fingerprint;
use crate::flush::records;
use crate::scan::scan;

/// What a checkpoint is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The rows that the store and the topic still have: each takes a record only if its offset is above its own.
    Store,
    /// The log alone, from its beginning.
    Log,
}

/// What will be written, and what is lost by it.
#[derive(Debug)]
pub struct Recovery {
    /// The partition of the topic.
    pub partition: u32,
    /// The offset from which records are folded again.
    pub next: u64,
    /// How many rows are taken over.
    pub rows: usize,
    /// What is lost, as sentences.
    pub lost: Vec<String>,
    records: Vec<NewRecord>,
}

/// What a look at a partition found.
struct Looked {
    low: u64,
    high: u64,
    committed: Option<u64>,
    checkpoint: Checkpoint,
    stored: BTreeMap<RowKey, Row>,
}

/// Looks what a recovery would write.
///
/// # Errors
/// When stream or store do not answer, or it would make the sums wrong.
pub async fn plan_recovery(
    stream: &dyn Stream,
    sums: &dyn Sums,
    held: &Held,
    generation: &Generation,
    partition: u32,
    source: Source,
) -> Result<Recovery, ByHandError> {
    let looked = look(stream, sums, held, generation, partition).await?;
    if let Some(position) = looked.checkpoint.position.as_ref().filter(|there| there.generation.log != generation.log) {
        return Err(ByHandError::Refused(format!(
            "the topic of sums belongs to log {}, and the store to {}: one of them is another deployment's",
            position.generation.log, generation.log
        )));
    }
    match source {
        Source::Store => from_store(stream, generation, partition, looked).await,
        Source::Log => from_log(generation, partition, looked),
    }
}

impl Recovery {
    /// Writes it; whoever takes the partition over next begins from it.
    ///
    /// # Errors
    /// When the stream does not take it; then do it again.
    pub async fn write(self, held: &mut Held) -> Result<(), ByHandError> {
        let Self { partition, next, rows, lost, records } = self;
        held.commit(partition, next, records).await?;
        tracing::warn!(partition, next, rows, ?lost, "a partition was recovered by hand");
        Ok(())
    }
}

async fn look(
    stream: &dyn Stream,
    sums: &dyn Sums,
    held: &Held,
    generation: &Generation,
    partition: u32,
) -> Result<Looked, ByHandError> {
    let ends = Ends::of(stream, Topic::Transactions).await?;
    if !ends.has(partition) {
        return Err(ByHandError::Refused(format!("there is no partition {partition}")));
    }
    let checkpoint = Checkpoint::read_as_it_is(stream, partition).await?;
    let log_partition = generation.log_partition(partition);
    let mut stored = BTreeMap::new();
    for day in sums.days(log_partition).await? {
        for aggregate in Aggregate::ALL {
            let rows = sums.read(aggregate, day, log_partition, None).await?;
            stored.extend(rows.into_iter().map(|row| (row.at.clone(), row)));
        }
    }
    Ok(Looked {
        low: ends.low(partition),
        high: ends.high(partition),
        committed: held.committed(partition),
        checkpoint,
        stored,
    })
}

async fn from_store(
    stream: &dyn Stream,
    generation: &Generation,
    partition: u32,
    looked: Looked,
) -> Result<Recovery, ByHandError> {
    let Looked { low, high, committed, checkpoint: Checkpoint { position, rows }, stored } = looked;
    let mut lost = Vec::new();
    let highest = stored.values().chain(rows.values()).map(|row| row.offset).max();
    let known = match (&position, committed, highest) {
        (Some(position), ..) => position.next,
        (None, Some(committed), _) => {
            lost.push(format!(
                "what the store lacks of records before the group's offset {committed}, where folding goes on"
            ));
            committed
        }
        (None, None, Some(highest)) => {
            lost.push(format!("what the store lacks of records up to offset {highest}, the last that any row took"));
            highest + 1
        }
        (None, None, None) => low,
    };
    if known > high {
        return Err(ByHandError::Refused(format!(
            "partition {partition}: records up to offset {known} were folded, and the log ends at {high}: it is another log; \
             give it a name of its own"
        )));
    }
    if let Some(row) = stored.values().chain(rows.values()).find(|row| row.offset >= high) {
        return Err(another_log(partition, row, high));
    }
    let next = known.max(low);
    if next > known {
        lost.push(format!(
            "the records at offsets {known} to {}, which were never folded and are gone from the log",
            next - 1
        ));
    }
    let mut at = begun_anew(generation, partition, position.as_ref());
    let horizon = generation.plan.horizon();
    let mut fold = Fold::new(at.partition, horizon);
    let last = pass(stream, partition, low, next, &at, &mut fold).await?;
    let newest = stored.values().map(|row| row.updated_at).max();
    let of_position = position.as_ref().and_then(|position| position.clock);
    // What is learnt must come to it again.
    let clock = fold.clock().or(of_position).or(newest);
    let days = fold.log_days().to_vec();
    fold.go_on_from(clock, &days);
    let mut taken: BTreeMap<RowKey, Row> = rows;
    for (key, row) in stored {
        let is_newer = taken.get(&key).is_none_or(|there| there.offset < row.offset);
        if is_newer {
            taken.insert(key, row);
        }
    }
    if let Some(clock) = clock {
        let first = horizon.first(Day::of_unix_millis(clock));
        taken.retain(|key, _| key.day >= first);
        let needed = horizon.remembers_from(Day::of_unix_millis(clock));
        let reaches = days.first().map(|(day, _)| *day);
        if low > 0 && reaches.is_none_or(|reaches| reaches >= needed) {
            lost.push(format!(
                "the identities of transactions of the log's days from {needed} that came before offset {low}: one that its \
                 partner sends again may count twice"
            ));
        }
    }
    taken.values().cloned().for_each(|row| fold.hold(row));
    at.next = next;
    at.fingerprint = last.as_ref().filter(|last| last.offset + 1 == next).map(fingerprint);
    at.clock = clock;
    at.days = days;
    at.rows = fold.rows();
    // What came after a row's last record is added to it, wherever folding begins; dead letters are sent again.
    if next < high {
        lost.push(format!("dead letters of records from offset {next} on may come twice"));
    }
    let count = taken.len();
    let taken: Vec<Row> = taken.into_values().collect();
    // Rows of one prefix balance; those that are ahead of it may not yet.
    let is_ahead = taken.iter().any(|row| row.offset >= next);
    if let Some(imbalance) = fold.imbalance().filter(|_| !is_ahead) {
        return Err(ByHandError::Refused(format!(
            "partition {partition}: the rows that store and topic have do not balance, {imbalance}: some are lost or were \
             changed; put the store back from a copy, or recover from the log where that is whole"
        )));
    }
    let records = records::of_partition(partition, &taken, &at);
    Ok(Recovery { partition, next, rows: count, lost, records })
}

fn from_log(generation: &Generation, partition: u32, looked: Looked) -> Result<Recovery, ByHandError> {
    let Looked { low, high, committed, checkpoint: Checkpoint { position, rows }, stored } = looked;
    if let Some(row) = stored.values().find(|row| row.offset >= high) {
        return Err(another_log(partition, row, high));
    }
    if let Some(committed) = committed.filter(|committed| *committed > high) {
        return Err(ByHandError::Refused(format!(
            "partition {partition}: the consumer group has committed offset {committed}, and the log ends at {high}: it is \
             another log"
        )));
    }
    if low > 0 && !stored.is_empty() {
        return Err(ByHandError::Refused(format!(
            "partition {partition}: the log begins at offset {low}, and the store has {} rows that took earlier records: folded \
             anew they would come to less, and the store would keep the one or the other; recover from the store",
            stored.len()
        )));
    }
    let mut at = begun_anew(generation, partition, position.as_ref());
    at.next = low;
    let mut lost = Vec::new();
    if low > 0 {
        lost.push(format!("all that came before offset {low}: sums, and the identities by which a resend is known"));
    }
    lost.push("dead letters are sent again".to_owned());
    // Rows of before must not stand beside those that are folded anew.
    let removed = rows.keys().map(|key| NewRecord { partition, key: key.topic_key().into(), ..NewRecord::default() });
    let records = removed.chain([records::position(partition, &at)]).collect();
    Ok(Recovery { partition, next: low, rows: 0, lost, records })
}

fn another_log(partition: u32, row: &Row, high: u64) -> ByHandError {
    ByHandError::Refused(format!(
        "partition {partition}: the row {} took the record at offset {}, and the log ends at {high}: rows and log do not belong \
         together, one of them was made anew or put back from a copy",
        row.at.topic_key(),
        row.offset
    ))
}

/// A position that has nothing of the former one but what was done by hand.
fn begun_anew(generation: &Generation, partition: u32, former: Option<&Position>) -> Position {
    let mut position = Position::beginning(generation.clone(), generation.log_partition(partition));
    if let Some(former) = former {
        (position.corrections, position.recoveries) = (former.corrections.clone(), former.recoveries);
    }
    position.recoveries += 1;
    position
}

/// Lets the fold pass the records up to where it is to go on; returns the last of them.
async fn pass(
    stream: &dyn Stream,
    partition: u32,
    low: u64,
    next: u64,
    at: &Position,
    fold: &mut Fold,
) -> Result<Option<Record>, ByHandError> {
    let mut last = None;
    if next > low {
        scan(stream, partition, low, |record| {
            if record.offset < next {
                fold.pass(record.offset, at.append_time(record.offset, record.appended));
                last = Some(record.clone());
            }
        })
        .await?;
    }
    Ok(last)
}
