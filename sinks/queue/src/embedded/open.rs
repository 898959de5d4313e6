//! Opens the log: reads what is acknowledged, how each segment begins, and what the last one holds.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use tallygate_embedded::FileId;
use tallygate_embedded::folders::{make_folder, sync_folder};

use super::ack_file::{self, AckFile};
use super::acknowledged::Acknowledged;
use super::failure::Failure;
use super::index::Shared;
use super::log::{Active, Log};
use super::record::BLOCK;
use super::scan::{Rest, Scanned, scan};
use super::segment::{self, Begin, Segment};

/// Opens the log in a folder, or makes it.
///
/// # Errors
/// When it cannot be read or written, or what was confirmed is missing in it.
pub(super) fn open(folder: &Path, segment_bytes: u64) -> Result<(Log, Arc<Shared>), Failure> {
    make(folder)?;
    let listed = list(folder)?;
    listed.is_whole(folder, segment_bytes)?;
    for ordinal in &listed.without_beginning {
        let path = segment::path(folder, *ordinal);
        fs::remove_file(&path).map_err(|error| Failure::of(&path, error))?;
    }
    let active = match &listed.last {
        Some((segment, scanned)) if scanned.rest == Rest::Nothing => Some(go_on(folder, segment, scanned)?),
        Some((segment, scanned)) => {
            let file = segment.path(folder);
            let file = file.display();
            tracing::warn!(%file, at = scanned.at, "what was being written when the power was cut, and was never confirmed, is cut off");
            None
        }
        None => None,
    };
    // A segment that was removed before does not come back, and end the one before it early.
    sync_folder(folder).map_err(|error| Failure::of(folder, error))?;
    // Only now is all of it synced for certain, up to the end that is told here.
    let ack_file = AckFile::make(folder, &listed.acknowledged, listed.end)?;
    let next_ordinal = listed.last_ordinal.map_or(1, |last| last + 1);
    let shared = Arc::new(Shared::new(listed.segments, listed.acknowledged, listed.end));
    let folder = Arc::from(folder);
    let (buffer, let_go) = (Vec::new(), VecDeque::new());
    let mut log =
        Log { folder, segment_bytes, shared: Arc::clone(&shared), active, next_ordinal, ack_file, let_go, buffer };
    log.let_go_done();
    Ok((log, shared))
}

/// How many messages wait in the log, which another process may be writing.
///
/// # Errors
/// When there is none, or it cannot be read.
pub(super) fn depth(folder: &Path) -> Result<u64, Failure> {
    // A segment may go between being listed and being read.
    let listed = (0..3).find_map(|_| list(folder).ok()).map_or_else(|| list(folder), Ok)?;
    Ok(listed.acknowledged.open_below(listed.end))
}

/// What stands in a folder.
struct Listed {
    segments: Vec<Segment>,
    /// Never synced since they were made.
    without_beginning: Vec<u64>,
    last_ordinal: Option<u64>,
    /// The last segment that was begun, and what it holds.
    last: Option<(Segment, Scanned)>,
    acknowledged: Acknowledged,
    /// The sequence behind the last message.
    end: u64,
    /// Where it ended at least, as the acknowledgements tell.
    end_at_least: u64,
}

fn list(folder: &Path) -> Result<Listed, Failure> {
    let read = ack_file::read(folder)?;
    let ordinals = segment::ordinals(folder).map_err(|error| Failure::of(folder, error))?;
    let Some(read) = read.or_else(|| ordinals.is_empty().then(ack_file::Read::default)) else {
        return Err(Failure::damaged(&ack_file::path(folder), "it is missing"));
    };
    let (mut segments, mut without_beginning) = (Vec::<Segment>::new(), Vec::new());
    for ordinal in &ordinals {
        let path = segment::path(folder, *ordinal);
        match Segment::begin(folder, *ordinal).map_err(|error| Failure::of(&path, error))? {
            Begin::Whole(segment) if segments.last().is_some_and(|before| before.base > segment.base) => {
                return Err(Failure::damaged(&path, "it begins before the one before it"));
            }
            Begin::Whole(segment) => segments.push(segment),
            Begin::Nothing => without_beginning.push(*ordinal),
            Begin::Damaged => return Err(Failure::damaged(&path, "it does not begin as it would")),
            Begin::Version(version) => return Err(Failure::Later(path, version)),
        }
    }
    let last = match segments.last() {
        Some(segment) => {
            let path = segment.path(folder);
            let scanned = File::open(&path).and_then(|file| scan(&file, segment));
            Some((*segment, scanned.map_err(|error| Failure::of(&path, error))?))
        }
        None => None,
    };
    let end = last.map_or(read.acknowledged.watermark(), |(_, scanned)| scanned.end);
    let end_at_least = read.end.max(read.acknowledged.end());
    let (acknowledged, last_ordinal) = (read.acknowledged, ordinals.last().copied());
    Ok(Listed { segments, without_beginning, last_ordinal, last, acknowledged, end, end_at_least })
}

impl Listed {
    /// # Errors
    /// Naming what is missing of that which was confirmed.
    fn is_whole(&self, folder: &Path, segment_bytes: u64) -> Result<(), Failure> {
        if let Some((segment, scanned)) = &self.last {
            let damaged = |what| Err(Failure::damaged(&segment.path(folder), what));
            if scanned.rest == Rest::Damaged || scanned.end < self.end_at_least {
                return damaged(format!("a record that was synced is not whole, at byte {}", scanned.at));
            }
            // It was as long as a segment is before anything was confirmed that stands in it.
            if scanned.last_group.is_some() && scanned.length < segment_bytes {
                return damaged(format!("it was cut off at byte {}", scanned.length));
            }
        }
        let first = self.segments.first().map_or(self.end, |segment| segment.base);
        if self.end < self.end_at_least || first > self.acknowledged.watermark() {
            return Err(Failure::damaged(folder, "segments with messages that wait are missing"));
        }
        Ok(())
    }
}

/// Goes on in the last segment. The process before may have ended after a sync that failed: what the system had to write then it
/// takes for written, and shows it; written again, it is synced anew.
fn go_on(folder: &Path, segment: &Segment, scanned: &Scanned) -> Result<Active, Failure> {
    let path = segment.path(folder);
    let opened = || -> io::Result<(File, u64)> {
        let file = OpenOptions::new().read(true).write(true).open(&path)?;
        file.write_all_at(&segment.encode(), 0)?;
        if let Some(group) = scanned.last_group {
            let mut bytes = vec![0; usize::try_from(scanned.at - group).unwrap_or_default()];
            let read = segment::read_some_at(&file, &mut bytes, group)?;
            file.write_all_at(&bytes[..read], group)?;
        }
        file.sync_all()?;
        let end = file.metadata()?.len();
        Ok((file, end))
    };
    let (file, end) = opened().map_err(|error| Failure::of(&path, error))?;
    let file_id = FileId::of(&path);
    let at = scanned.at.max(BLOCK);
    Ok(Active { segment: *segment, file, path, file_id, at, written_to: at, end })
}

fn make(folder: &Path) -> Result<(), Failure> {
    let is_there = folder.is_dir();
    if !is_there && folder.exists() {
        return Err(Failure::damaged(folder, "it is no folder"));
    }
    // Of one that is there too: who made it may have ended before its name was synced.
    let made = make_folder(folder);
    let private = || if is_there { Ok(()) } else { fs::set_permissions(folder, Permissions::from_mode(0o700)) };
    made.and_then(|()| private()).map_err(|error| Failure::of(folder, error))
}
