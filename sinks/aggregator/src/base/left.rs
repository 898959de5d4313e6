//! A partition that went from us not long ago: what we know of it holds, whoever folded it on since.

use super::{Base, Refusal, fits, with_rows};
use crate::checkpoint::Checkpoint;
use crate::ends::Ends;
use crate::kept::KeptPartition;
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
    let rows_to = kept.partition.rows_to();
    let Some(since) = Checkpoint::since(&*parts.stream, number, rows_to).await? else { return Ok(None) };
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
        return Ok(Some(Base::AsLeft(Box::new(kept.partition))));
    }
    let folded_on = folded_on(parts, ends.low(number), number, kept, since).await;
    Ok(folded_on.map(|beginning| Base::FoldedOn(Box::new(beginning))))
}

/// What was left, with what changed since it was; none where that does not go together.
async fn folded_on(parts: &Parts, low: u64, number: u32, kept: KeptPartition, since: Checkpoint) -> Option<Beginning> {
    let KeptPartition { partition, unsaved, .. } = kept;
    let Checkpoint { position, rows } = since;
    let (position, rows_were_at) = (position?, partition.rows_to());
    let Left { position: was, fold, known, unpacked, rows_to } = partition.leave()?;
    // Times that were corrected since may be of records that we took as they were stamped.
    let is_same = was.generation == position.generation
        && was.recoveries == position.recoveries
        && was.corrections == position.corrections;
    let is_further = position.next >= rows_were_at.max(known.end);
    // Records between what is known and what is held would be missed.
    let is_held = known.end >= low || known.end == position.next;
    if !is_same || !is_further || !is_held {
        return None;
    }
    parts.state.save(unsaved).await;
    if !parts.state.goes_on_at(number, unpacked.from()) {
        return None;
    }
    let rows_to = rows_to.max(rows.values().map(|row| row.offset).max());
    let fold = with_rows(fold, &position, rows.into_values()).ok()?;
    Some(Beginning { position, fold, restored: Some(known), unpacked, low, rows_to })
}
