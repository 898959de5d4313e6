//! What consumers and the committing thread share: which segments there are, what is acknowledged, and what is handed out.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use super::acknowledged::Acknowledged;
use super::segment::Segment;
use crate::limits::{READ_SEGMENTS, RECEIVE_BYTES, RECENT_BYTES};

/// Where a record stands: in which segment, and at which byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) segment: u64,
    pub(super) at: u64,
}

/// A message of the log.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) sequence: u64,
    pub(super) place: Place,
    /// Where the record behind it stands.
    pub(super) next: u64,
    pub(super) message: Bytes,
}

impl Stored {
    /// Behind it.
    pub(super) fn cursor(&self) -> Cursor {
        let place = Place { at: self.next, ..self.place };
        Cursor { sequence: self.sequence + 1, place: Some((self.sequence + 1, place)) }
    }
}

/// The next record to hand out, and where it stands, unless a segment is to be looked through for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor {
    pub(super) sequence: u64,
    /// Of this one, or of one before it.
    pub(super) place: Option<(u64, Place)>,
}

/// What a consumer is to do.
pub(super) enum Next {
    Nothing,
    /// These are handed out.
    Taken(Vec<Stored>),
    /// Nothing is handed out before it was read.
    Read(Plan),
}

/// What is to be read from the files.
pub(super) struct Plan {
    pub(super) segments: Vec<Segment>,
    pub(super) what: What,
    pub(super) most: usize,
}

pub(super) enum What {
    /// Those that came back.
    Returned(Vec<(u64, Place)>),
    /// Those from here on to the end, without what is acknowledged.
    From { cursor: Cursor, end: u64, acknowledged: Acknowledged },
}

/// What was read.
pub(super) struct Found {
    pub(super) messages: Vec<Stored>,
    /// Where to go on, if not those were read that came back.
    pub(super) cursor: Option<Cursor>,
}

pub(super) struct Shared {
    index: Mutex<Index>,
    /// There may be more to receive, or more room for it.
    pub(super) changed: Notify,
}

pub(super) struct Index {
    segments: VecDeque<Listed>,
    acknowledged: Acknowledged,
    /// The next sequence; all below was synced.
    end: u64,
    cursor: Cursor,
    returned: BTreeMap<u64, Place>,
    recent: Recent,
    /// Segments without a message that is not acknowledged; nothing more will be written into them.
    done: Vec<u64>,
}

struct Listed {
    segment: Segment,
    /// Messages that are not acknowledged.
    open: u64,
}

/// The last messages that nobody has received yet, so that a consumer that keeps up reads no file.
#[derive(Default)]
struct Recent {
    messages: VecDeque<Stored>,
    bytes: usize,
}

impl Shared {
    pub(super) fn new(segments: Vec<Segment>, acknowledged: Acknowledged, end: u64) -> Self {
        let cursor = Cursor { sequence: acknowledged.watermark(), place: None };
        let mut index = Index {
            segments: VecDeque::new(),
            acknowledged: Acknowledged::below(acknowledged.watermark()),
            end,
            cursor,
            returned: BTreeMap::new(),
            recent: Recent::default(),
            done: Vec::new(),
        };
        let ends = segments.iter().skip(1).map(|next| next.base).chain([end]);
        for (segment, segment_end) in segments.iter().zip(ends) {
            let open = segment_end.saturating_sub(segment.base.max(acknowledged.watermark()));
            index.segments.push_back(Listed { segment: *segment, open });
        }
        let sealed = index.segments.len().saturating_sub(1);
        index.done =
            index.segments.iter().take(sealed).filter(|one| one.open == 0).map(|one| one.segment.ordinal).collect();
        acknowledged.runs().for_each(|(from, run_end)| index.acknowledge(from, run_end));
        Self { index: Mutex::new(index), changed: Notify::new() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take_back(&self, messages: impl IntoIterator<Item = (u64, Place)>) {
        self.lock().returned.extend(messages);
        self.changed.notify_waiters();
    }
}

impl Index {
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    pub(super) fn acknowledged(&self) -> &Acknowledged {
        &self.acknowledged
    }

    /// How many messages wait or are leased.
    pub(super) fn depth(&self) -> u64 {
        self.acknowledged.open_below(self.end)
    }

    /// A segment that was begun; nothing more is written into the one before.
    pub(super) fn begin(&mut self, segment: Segment) {
        if let Some(before) = self.segments.back()
            && before.open == 0
        {
            self.done.push(before.segment.ordinal);
        }
        self.segments.push_back(Listed { segment, open: 0 });
    }

    /// A group that was synced.
    pub(super) fn append(&mut self, group: Vec<Stored>) {
        let count = group.len() as u64;
        self.end += count;
        if let Some(last) = self.segments.back_mut() {
            last.open += count;
        }
        self.recent.add(group);
    }

    /// Those from `from` to before `end`, of which a part may be acknowledged already.
    pub(super) fn acknowledge(&mut self, from: u64, end: u64) {
        let mut from = self.acknowledged.open_from(from);
        while from < end {
            let behind = self.segments.partition_point(|one| one.segment.base <= from);
            let next = self.segments.get(behind).map_or(u64::MAX, |next| next.segment.base);
            let is_sealed = behind < self.segments.len();
            let to = end.min(next);
            let before = self.acknowledged.open_below(self.end);
            self.acknowledged.add(from, to);
            let count = before - self.acknowledged.open_below(self.end);
            if let Some(listed) = behind.checked_sub(1).and_then(|at| self.segments.get_mut(at)) {
                listed.open = listed.open.saturating_sub(count);
                if listed.open == 0 && is_sealed {
                    self.done.push(listed.segment.ordinal);
                }
            }
            from = self.acknowledged.open_from(to);
        }
    }

    /// Segments that nobody needs any more.
    pub(super) fn take_done(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.done)
    }

    pub(super) fn has_done(&self) -> bool {
        !self.done.is_empty()
    }

    pub(super) fn forget(&mut self, done: &[u64]) {
        self.segments.retain(|one| !done.contains(&one.segment.ordinal));
    }

    /// What is to be handed out next, first what came back.
    pub(super) fn next(&mut self, most: usize) -> Next {
        if !self.returned.is_empty() {
            let returned: Vec<_> =
                self.returned.iter().take(most).map(|(sequence, place)| (*sequence, *place)).collect();
            let holds = |segment: &Segment| returned.iter().any(|(_, place)| place.segment == segment.ordinal);
            let segments = self.segments.iter().map(|one| one.segment).filter(holds).collect();
            return Next::Read(Plan { segments, what: What::Returned(returned), most });
        }
        let sequence = self.acknowledged.open_from(self.cursor.sequence);
        if sequence >= self.end {
            return Next::Nothing;
        }
        let taken = self.recent.take_from(sequence, most);
        let Some(last) = taken.last() else {
            return self.read_on(sequence, most);
        };
        self.cursor = last.cursor();
        Next::Taken(taken)
    }

    /// These are handed out now.
    pub(super) fn take(&mut self, found: &Found) {
        match found.cursor {
            Some(cursor) => {
                self.cursor = cursor;
                self.recent.forget_below(cursor.sequence);
            }
            None => {
                for one in &found.messages {
                    self.returned.remove(&one.sequence);
                }
            }
        }
    }

    /// From the segment with this one, over no more than a few.
    fn read_on(&self, sequence: u64, most: usize) -> Next {
        let first = self.segments.partition_point(|one| one.segment.base <= sequence).saturating_sub(1);
        let segments: Vec<Segment> =
            self.segments.iter().skip(first).take(READ_SEGMENTS).map(|one| one.segment).collect();
        let end = self.segments.get(first + segments.len()).map_or(self.end, |behind| behind.segment.base);
        let what = What::From { cursor: self.cursor, end, acknowledged: self.acknowledged.clone() };
        Next::Read(Plan { segments, what, most })
    }
}

impl Recent {
    fn add(&mut self, group: Vec<Stored>) {
        for one in group {
            self.bytes += one.message.len();
            self.messages.push_back(one);
        }
        while self.bytes > RECENT_BYTES {
            self.pop();
        }
    }

    /// None where the first is not among them.
    fn take_from(&mut self, sequence: u64, most: usize) -> Vec<Stored> {
        let (mut taken, mut bytes) = (Vec::new(), 0);
        if self.messages.front().is_none_or(|first| first.sequence > sequence) {
            return taken;
        }
        self.forget_below(sequence);
        while taken.len() < most
            && bytes < RECEIVE_BYTES
            && let Some(one) = self.pop()
        {
            bytes += one.message.len();
            taken.push(one);
        }
        taken
    }

    fn forget_below(&mut self, sequence: u64) {
        while self.messages.front().is_some_and(|first| first.sequence < sequence) {
            self.pop();
        }
    }

    fn pop(&mut self) -> Option<Stored> {
        let one = self.messages.pop_front()?;
        self.bytes -= one.message.len();
        Some(one)
    }
}
