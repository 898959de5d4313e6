//! Corrects the append times of records that a broker's wrong clock stamped (rule 6).

use tallygate_core::Position;
use tallygate_core::checkpoint::Correction;
use tallygate_core::row::instant;
use tallygate_stream::{Stream, Topic};

use super::ByHandError;
use super::hold::Held;
use crate::checkpoint::{Checkpoint, Unusable};
use crate::clock::WallClock;
use crate::ends::Ends;
use crate::flush::records;
use crate::scan::scan;
use crate::timeouts::SETTLE;

/// What is to be corrected of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Correcting {
    /// The partition of the topic.
    pub partition: u32,
    /// The records, and the time that holds for them.
    pub correction: Correction,
}

/// The stretches of records behind the position of a partition that were stamped more than a day ahead of the clock, as
/// corrections to this time.
///
/// # Errors
/// When the stream does not answer, or the partition has no position.
pub async fn find_wrong_times(
    stream: &dyn Stream,
    held: &Held,
    wall: &WallClock,
    partition: u32,
    time: i64,
) -> Result<Vec<Correcting>, ByHandError> {
    let position = position(stream, held, partition).await?;
    let mut found: Vec<Correction> = Vec::new();
    let mut before_was_wrong = false;
    scan(stream, partition, position.next, |record| {
        let is_wrong = wall.is_ahead(position.append_time(record.offset, record.appended));
        match found.last_mut().filter(|_| is_wrong && before_was_wrong) {
            Some(last) => last.last = record.offset,
            None if is_wrong => found.push(Correction { first: record.offset, last: record.offset, time }),
            None => {}
        }
        before_was_wrong = is_wrong;
    })
    .await?;
    Ok(found.into_iter().map(|correction| Correcting { partition, correction }).collect())
}

/// Writes a correction, which every later fold follows.
///
/// # Errors
/// When it would change what was folded already, overlaps another one, or lies in the future itself.
pub async fn correct(
    stream: &dyn Stream,
    held: &mut Held,
    wall: &WallClock,
    correcting: Correcting,
) -> Result<(), ByHandError> {
    let Correcting { partition, correction } = correcting;
    let mut position = position(stream, held, partition).await?;
    let refused = |why: String| Err(ByHandError::Refused(format!("partition {partition}: {why}")));
    if correction.last < correction.first {
        return refused(format!("the last offset {} lies before the first, {}", correction.last, correction.first));
    }
    if correction.first < position.next {
        return refused(format!(
            "the records before offset {} were folded already, by the times they were stamped with; a correction can begin \
             there and not at {}",
            position.next, correction.first
        ));
    }
    let high = Ends::of(stream, Topic::Transactions).await?.high(partition);
    if correction.last >= high {
        return refused(format!("the log ends at offset {high}, and the correction at {}", correction.last));
    }
    if wall.is_ahead(correction.time) {
        return refused(format!("{} lies more than a day ahead of this machine's clock", instant(correction.time)));
    }
    if let Some(clock) = position.clock.filter(|clock| correction.time < *clock) {
        return refused(format!(
            "{} lies before the clock of the fold, {}, which never goes back; a time from there on would be right",
            instant(correction.time),
            instant(clock)
        ));
    }
    let overlaps = |other: &&Correction| correction.first <= other.last && other.first <= correction.last;
    if let Some(other) = position.corrections.iter().find(overlaps) {
        return refused(format!("the records at offsets {} to {} were corrected already", other.first, other.last));
    }
    position.corrections.push(correction);
    position.corrections.sort_by_key(|correction| correction.first);
    held.commit(partition, position.next, vec![records::position(partition, &position)]).await?;
    tracing::warn!(
        partition,
        first = correction.first,
        last = correction.last,
        time = instant(correction.time),
        "append times were corrected by hand"
    );
    Ok(())
}

async fn position(stream: &dyn Stream, held: &Held, partition: u32) -> Result<Position, ByHandError> {
    if !held.partitions().contains(&partition) {
        let last = held.partitions().len().saturating_sub(1);
        return Err(ByHandError::Refused(format!("there is no partition {partition}, they are 0 to {last}")));
    }
    let read = Checkpoint::read(stream, partition, held.committed(partition), SETTLE).await;
    let checkpoint = read.map_err(|unusable| match unusable {
        Unusable::Stream(error) => ByHandError::Stream(error),
        Unusable::Stand(why) => ByHandError::Refused(format!("partition {partition}: {why}")),
    })?;
    checkpoint.position.ok_or_else(|| {
        ByHandError::Refused(format!(
            "partition {partition}: nothing of it was ever folded; start an aggregator once first"
        ))
    })
}
