//! Opening days: the rows that the store has of them, before a record is added to any.

use futures::stream::{self, StreamExt, TryStreamExt};
use tallygate_core::{Day, Row};
use tallygate_sums::SumsError;

use super::failure::Failure;
use super::log_ends::LogEnds;
use super::owned::Owned;
use crate::day_rows;
use crate::limits;
use crate::parts::Parts;

/// Opens one day of a partition.
pub(super) async fn open(
    parts: &Parts,
    owned: &mut Owned<'_>,
    ends: &mut LogEnds,
    number: u32,
    day: Day,
) -> Result<(), Failure> {
    let rows = load(parts, number, day).await?;
    open_with(parts, owned, ends, number, day, rows).await
}

/// Opens many days, loading several at the same time.
pub(super) async fn open_all(
    parts: &Parts,
    owned: &mut Owned<'_>,
    ends: &mut LogEnds,
    days: Vec<(u32, Day)>,
) -> Result<(), Failure> {
    let loads: Vec<_> = days
        .into_iter()
        .filter(|(number, _)| owned.contains(*number))
        .map(|(number, day)| async move { Ok::<_, SumsError>((number, day, load(parts, number, day).await?)) })
        .collect();
    let loaded: Vec<_> = stream::iter(loads).buffer_unordered(limits::LOADS_IN_FLIGHT).try_collect().await?;
    for (number, day, rows) in loaded {
        open_with(parts, owned, ends, number, day, rows).await?;
    }
    Ok(())
}

async fn load(parts: &Parts, number: u32, day: Day) -> Result<Vec<Row>, SumsError> {
    day_rows::load(&parts.sums, &parts.metrics, parts.generation.log_partition(number), day).await
}

async fn open_with(
    parts: &Parts,
    owned: &mut Owned<'_>,
    ends: &mut LogEnds,
    number: u32,
    day: Day,
    rows: Vec<Row>,
) -> Result<(), Failure> {
    let last = rows.iter().map(|row| row.offset).max();
    if last.is_some_and(|last| last >= ends.of(number)) {
        ends.refresh(&*parts.stream).await?;
    }
    if let Some(last) = last.filter(|last| *last >= ends.of(number)) {
        let reason = format!(
            "the store of sums has a row of {day} that took the record at offset {last}, and the log ends at {}: the \
             topic was made anew, or is another; give the new one a name of its own",
            ends.of(number)
        );
        owned.stop(number, reason);
    } else if let Some(partition) = owned.get_mut(number).filter(|partition| !partition.fold().is_open(day)) {
        partition.open(day, rows);
    }
    Ok(())
}
