//! Reads pieces back into a fold, a page at a time.

use tallygate_core::fold::Fold;
use tallygate_embedded::rusqlite::{self, Connection, params};

use super::file::int;
use crate::limits::RESTORE_BYTES;

/// The fold with some pieces more: up to where it came, none when they do not join or read, and whether there are others.
pub(super) struct Page {
    pub(super) fold: Fold,
    pub(super) next: Option<u64>,
    pub(super) more: bool,
}

pub(super) fn restore_page(
    connection: &Connection,
    partition: u32,
    from: u64,
    mut fold: Fold,
) -> rusqlite::Result<Page> {
    let mut select = connection.prepare_cached(
        r#"SELECT first, next, blobs FROM sights WHERE "partition" = ? AND first >= ? ORDER BY first"#,
    )?;
    let mut rows = select.query(params![partition, int(from)])?;
    let (mut place, mut bytes) = ((from > 0).then_some(int(from)), 0);
    let uint = |place: Option<i64>| place.and_then(|place| u64::try_from(place).ok());
    while let Some(row) = rows.next()? {
        let (first, next): (i64, i64) = (row.get(0)?, row.get(1)?);
        let blobs = row.get_ref(2)?.as_blob()?;
        if place.is_some_and(|place| place != first) || !restore_blobs(&mut fold, blobs) {
            return Ok(Page { fold, next: None, more: false });
        }
        place = Some(next);
        bytes += blobs.len();
        if bytes >= RESTORE_BYTES {
            return Ok(Page { fold, next: uint(place), more: true });
        }
    }
    Ok(Page { fold, next: uint(place), more: false })
}

fn restore_blobs(fold: &mut Fold, mut blobs: &[u8]) -> bool {
    while let Some((length, rest)) = blobs.split_first_chunk() {
        let Some((blob, rest)) = rest.split_at_checked(u32::from_be_bytes(*length) as usize) else {
            return false;
        };
        if fold.restore(blob).is_err() {
            return false;
        }
        blobs = rest;
    }
    blobs.is_empty()
}
