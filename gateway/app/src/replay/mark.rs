//! What a replayed transaction says of its replay.

use tallygate_core::Draft;
use tallygate_core::row::instant;
use tallygate_reading::dead_letters::Position;

/// The attribute that names who replayed it.
const BY: &str = "replayed_by";
/// The attribute that says when, RFC 3339.
const AT: &str = "replayed_at";
/// The attribute that says which dead letter it was, `partition/offset`.
const OF: &str = "replay_of";

/// Marks it. Attributes are neither in its identity nor in what is compared, so it stays the same transaction. One that was
/// replayed before bears its last replay.
pub(super) fn mark(draft: &mut Draft, by: &str, unix_millis: i64, of: Position) {
    draft.attributes.retain(|(name, _)| ![BY, AT, OF].contains(&name.as_str()));
    let marks = [(BY, by.to_owned()), (AT, instant(unix_millis)), (OF, of.to_string())];
    draft.attributes.extend(marks.map(|(name, value)| (name.to_owned(), value)));
}
