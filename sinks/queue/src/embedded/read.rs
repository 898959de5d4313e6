//! Reads messages from the log's files: what is not among the last ones.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tallygate_embedded::timeouts::ANSWER;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::acknowledged::Acknowledged;
use super::failure::Failure;
use super::index::{Cursor, Found, Place, Plan, Stored, What};
use super::record::{BLOCK, HEAD_BYTES, Head};
use super::segment::{Segment, read_some_at};
use crate::limits::{READ_BYTES, READERS, RECEIVE_BYTES};

/// Reads on threads that may block.
pub(super) struct Reader {
    folder: Arc<Path>,
    /// Lets no more readers onto such threads, where the disk hangs.
    turns: Arc<Semaphore>,
}

impl Reader {
    pub(super) fn new(folder: Arc<Path>) -> Self {
        Self { folder, turns: Arc::new(Semaphore::new(READERS)) }
    }

    /// # Errors
    /// When it takes too long, the files cannot be read, or what they hold is damaged.
    pub(super) async fn read(&self, plan: Plan) -> Result<Found, Failure> {
        let closed = || Failure::Closed(self.folder.to_path_buf());
        let answer = async {
            let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| closed())?;
            let folder = Arc::clone(&self.folder);
            let reading = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                read(&folder, plan)
            });
            reading.await.unwrap_or_else(|_| Err(closed()))
        };
        let late = |_| Err(Failure::Late(self.folder.to_path_buf(), ANSWER));
        timeout(ANSWER, answer).await.unwrap_or_else(late)
    }
}

fn read(folder: &Path, plan: Plan) -> Result<Found, Failure> {
    let Plan { segments, what, most } = plan;
    match what {
        What::Returned(returned) => returned_ones(folder, &segments, &returned),
        What::From { cursor, end, acknowledged } => {
            let mut walk = Walk { folder, segments: &segments, end, acknowledged: &acknowledged };
            walk.from(cursor, most)
        }
    }
}

fn returned_ones(folder: &Path, segments: &[Segment], returned: &[(u64, Place)]) -> Result<Found, Failure> {
    let (mut messages, mut bytes) = (Vec::new(), 0);
    let mut open: Option<Pages> = None;
    for (sequence, place) in returned {
        if bytes >= RECEIVE_BYTES {
            break;
        }
        let segment = segments.iter().find(|segment| segment.ordinal == place.segment);
        let segment = segment.ok_or_else(|| Failure::Gone(super::segment::path(folder, place.segment)))?;
        let mut pages = match open.take() {
            Some(pages) if pages.segment.ordinal == segment.ordinal => pages,
            _ => Pages::open(folder, *segment)?,
        };
        let head = pages.head(place.at, *sequence)?;
        let message = pages.message(place.at, &head)?;
        bytes += message.len();
        messages.push(Stored { sequence: *sequence, place: *place, next: head.next(place.at), message });
        open = Some(pages);
    }
    Ok(Found { messages, cursor: None })
}

/// From record to record, over all that is acknowledged.
struct Walk<'a> {
    folder: &'a Path,
    segments: &'a [Segment],
    end: u64,
    acknowledged: &'a Acknowledged,
}

impl Walk<'_> {
    fn from(&mut self, cursor: Cursor, most: usize) -> Result<Found, Failure> {
        let (mut messages, mut bytes): (Vec<Stored>, usize) = (Vec::new(), 0);
        let mut cursor = cursor;
        while messages.len() < most && bytes < RECEIVE_BYTES {
            cursor.sequence = self.acknowledged.open_from(cursor.sequence);
            if cursor.sequence >= self.end {
                break;
            }
            let behind = self.segments.partition_point(|segment| segment.base <= cursor.sequence);
            let Some(segment) = behind.checked_sub(1).and_then(|at| self.segments.get(at)) else {
                return Err(self.missing(cursor.sequence));
            };
            let segment_end = self.segments.get(behind).map_or(self.end, |next| next.base.min(self.end));
            self.within(*segment, segment_end, &mut cursor, |stored| {
                bytes += stored.message.len();
                messages.push(stored);
                messages.len() < most && bytes < RECEIVE_BYTES
            })?;
        }
        Ok(Found { messages, cursor: Some(cursor) })
    }

    /// Until the segment ends, or nothing more is wanted.
    fn within(
        &self,
        segment: Segment,
        end: u64,
        cursor: &mut Cursor,
        mut wanted: impl FnMut(Stored) -> bool,
    ) -> Result<(), Failure> {
        let mut pages = Pages::open(self.folder, segment)?;
        let known = cursor.place.filter(|(_, place)| place.segment == segment.ordinal);
        let (mut sequence, mut at) = known.map_or((segment.base, BLOCK), |(sequence, place)| (sequence, place.at));
        // What lies behind the last that is open may be in segments that are gone.
        while self.acknowledged.open_from(sequence.max(cursor.sequence)) < end {
            let head = pages.head(at, sequence)?;
            let next = head.next(at);
            let is_wanted = sequence >= cursor.sequence && !self.acknowledged.contains(sequence);
            let message = if is_wanted { Some(pages.message(at, &head)?) } else { None };
            let place = Place { segment: segment.ordinal, at };
            (sequence, at) = (sequence + 1, next);
            *cursor =
                Cursor { sequence: cursor.sequence.max(sequence), place: Some((sequence, Place { at, ..place })) };
            if let Some(message) = message
                && !wanted(Stored { sequence: sequence - 1, place, next, message })
            {
                break;
            }
        }
        cursor.sequence = self.acknowledged.open_from(cursor.sequence);
        Ok(())
    }

    fn missing(&self, sequence: u64) -> Failure {
        Failure::damaged(self.folder, format!("the segment with message {sequence} is missing"))
    }
}

/// A segment, read some pages at a time.
struct Pages {
    segment: Segment,
    path: PathBuf,
    file: File,
    bytes: Vec<u8>,
    /// Where they begin.
    start: u64,
}

impl Pages {
    fn open(folder: &Path, segment: Segment) -> Result<Self, Failure> {
        let path = segment.path(folder);
        let file = File::open(&path).map_err(|error| Failure::of_reading(&path, error))?;
        Ok(Self { segment, path, file, bytes: Vec::new(), start: 0 })
    }

    fn head(&mut self, at: u64, sequence: u64) -> Result<Head, Failure> {
        let id = self.segment.id;
        let head = Head::decode(self.range(at, HEAD_BYTES)?, id);
        head.filter(|head| head.sequence == sequence).ok_or_else(|| self.damaged(at))
    }

    fn message(&mut self, at: u64, head: &Head) -> Result<Bytes, Failure> {
        let bytes = self.range(at + HEAD_BYTES as u64, head.message_bytes())?;
        if head.is_of(bytes) { Ok(Bytes::copy_from_slice(bytes)) } else { Err(self.damaged(at)) }
    }

    /// Fewer where the file ends.
    fn range(&mut self, at: u64, length: usize) -> Result<&[u8], Failure> {
        let has = at >= self.start && at + length as u64 <= self.start + self.bytes.len() as u64;
        if !has {
            self.bytes.resize(length.max(READ_BYTES), 0);
            let read = read_some_at(&self.file, &mut self.bytes, at);
            let read = read.map_err(|error| Failure::of(&self.path, error))?;
            self.bytes.truncate(read);
            self.start = at;
        }
        let from = usize::try_from(at - self.start).unwrap_or(usize::MAX);
        Ok(self.bytes.get(from..from.saturating_add(length).min(self.bytes.len())).unwrap_or_default())
    }

    fn damaged(&self, at: u64) -> Failure {
        Failure::damaged(&self.path, format!("no whole record where one would be, at byte {at}"))
    }
}
