//! A partition that went from us not long ago: what we know of it holds, whoever folded it on since.

use super::{Base, Refusal, fits, with_rows};
use crate::checkpoint::Checkpoint;
use crate::ends::Ends;
use crate::kept::KeptPartition;
use crate::limits::WARMED_UP_RECORDS;
use crate::partition::{Beginning, Left};
use crate::parts::Parts;

/// For the owner whose group has committed this offset. None where it was not kept, or too little is known of what happened since.
pub(super) async fn left(
    parts: &Parts,
    ends: &Ends,
    number: u32,
    committed: Option<u64>,
) -> Result<Option<Base>, Refusal> {
    let Some(kept) = parts.kept.take(number) else { return Ok(None) };
    let folded_to = kept.partition.folded_to();
    if committed < Some(folded_to) && committed != Some(kept.partition.position().next) {
        return Ok(None);
    }
    let Some(since) = Checkpoint::since(&*parts.stream, number, folded_to).await? else { return Ok(None) };
    let Some(position) = &since.position else { return Ok(None) };
    if Some(position.next) < committed {
        // The topic may show it a little later than the group does.
        parts.kept.put_back(number, kept);
        return Ok(None);
    }
    if Some(position.next) != committed {
        return Ok(None);
    }
    fits(parts, position, ends.low(number), ends.high(number)).map_err(Refusal::Stand)?;
    if position == kept.partition.position() {
        parts.state.save(kept.unsaved).await;
        return Ok(Some(Base::AsLeft(Box::new(kept.partition))));
    }
    let folded_on = folded_on(parts, ends.low(number), number, kept, since).await;
    Ok(folded_on.map(|beginning| Base::FoldedOn(Box::new(beginning))))
}

/// What was left, with what changed since it was; none where that does not go together.
async fn folded_on(parts: &Parts, low: u64, number: u32, kept: KeptPartition, since: Checkpoint) -> Option<Beginning> {
    let KeptPartition { partition, unsaved, .. } = kept;
    let Checkpoint { position, rows } = since;
    let (position, folded_to) = (position?, partition.folded_to());
    let Left { position: was, fold, known, unpacked, ahead } = partition.leave()?;
    // Times that were corrected since may be of records that we took as they were stamped.
    let is_same = was.generation == position.generation
        && was.recoveries == position.recoveries
        && was.corrections == position.corrections;
    let is_further = position.next >= folded_to.max(known.end);
    if !is_same || !is_further || !known.goes_with(&position, low) {
        return None;
    }
    parts.state.save(unsaved).await;
    if !parts.state.takes(number, unpacked.from(), unpacked.is_first()) {
        // Nothing is added any more to a chain that ends before. One that ends late is gone on with, and the rest learnt again.
        let chain = parts.state.restore_point(number, position.next, position.recoveries);
        if chain.is_some_and(|chain| known.end.saturating_sub(chain.end) <= WARMED_UP_RECORDS) {
            return None;
        }
    }
    let rows_to = ahead.max(rows.values().map(|row| row.offset).max());
    let fold = with_rows(fold, &position, rows.into_values()).ok()?;
    Some(Beginning { position, fold, restored: Some(known), unpacked, low, rows_to })
}
