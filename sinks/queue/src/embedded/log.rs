//! The log as the committing thread writes it: groups of records, segments, and what is acknowledged.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tallygate_embedded::FileId;

use super::ack_file::AckFile;
use super::acknowledged::runs;
use super::failure::Failure;
use super::index::{Place, Shared, Stored};
use super::record::{BLOCK, HEAD_BYTES, Head, bytes_of};
use super::segment::Segment;
use crate::limits::{GROUP_BUFFER_BYTES, REMOVED_AT_ONCE, WRITTEN_AHEAD};

pub(super) struct Log {
    pub(super) folder: Arc<Path>,
    pub(super) segment_bytes: u64,
    pub(super) shared: Arc<Shared>,
    /// None where the next group begins a segment: into one that is torn, or in which a write or a sync failed, nothing more is
    /// written.
    pub(super) active: Option<Active>,
    pub(super) next_ordinal: u64,
    pub(super) ack_file: AckFile,
    /// Segments that nobody needs any more, and are to be removed.
    pub(super) let_go: VecDeque<u64>,
    /// The group that is being written.
    pub(super) buffer: Vec<u8>,
}

/// The segment that is written.
pub(super) struct Active {
    pub(super) segment: Segment,
    pub(super) file: File,
    pub(super) path: PathBuf,
    pub(super) file_id: Option<FileId>,
    /// Where the next group stands.
    pub(super) at: u64,
    /// Up to where something was written, if only zeros.
    pub(super) written_to: u64,
    /// Where the file ends.
    pub(super) end: u64,
}

impl Log {
    /// Writes messages and syncs them. They stand in the log then, and consumers hear of it; of those for which this fails some
    /// may stand there too.
    ///
    /// # Errors
    /// When they cannot be written or synced.
    pub(super) fn append(&mut self, messages: &[Bytes]) -> Result<(), Failure> {
        let mut rest = messages;
        while !rest.is_empty() {
            let count = self.begin_where_full(rest)?;
            let (group, others) = rest.split_at(count);
            let is_first = self.active.as_ref().is_some_and(|active| active.at == BLOCK);
            self.append_group(group)?;
            if is_first && let Err(failure) = self.tell_end() {
                self.active = None;
                return Err(failure);
            }
            rest = others;
        }
        self.buffer.shrink_to(GROUP_BUFFER_BYTES);
        Ok(())
    }

    /// How many of the messages the segment has room for, which is a new one where it has none.
    fn begin_where_full(&mut self, messages: &[Bytes]) -> Result<usize, Failure> {
        let fitting = |room: u64| {
            let ends = messages.iter().scan(0, |end, message| {
                *end += bytes_of(message);
                Some(*end)
            });
            ends.take_while(|end| *end <= room).count()
        };
        if let Some(active) = &self.active {
            let count = fitting(active.end.saturating_sub(active.at));
            if count > 0 {
                return Ok(count);
            }
        }
        self.begin_segment()?;
        // A message alone always fits into one, or its segment is larger for once.
        Ok(fitting(self.segment_bytes - BLOCK).max(1))
    }

    fn begin_segment(&mut self) -> Result<(), Failure> {
        // Whatever becomes of it, nothing more is written into the one before.
        self.active = None;
        let ordinal = self.next_ordinal;
        self.next_ordinal += 1;
        let segment = Segment { ordinal, id: rand::random(), base: self.shared.lock().end() };
        let path = segment.path(&self.folder);
        let file = segment.make(&self.folder, self.segment_bytes).map_err(|error| Failure::of_reading(&path, error))?;
        self.shared.lock().begin(segment);
        let file_id = FileId::of(&path);
        self.active =
            Some(Active { segment, file, path, file_id, at: BLOCK, written_to: BLOCK, end: self.segment_bytes });
        Ok(())
    }

    fn append_group(&mut self, messages: &[Bytes]) -> Result<(), Failure> {
        let Some(active) = &mut self.active else { return Err(Failure::Closed(self.folder.to_path_buf())) };
        active.is_in_place()?;
        let first = self.shared.lock().end();
        let group = encode(&mut self.buffer, active, first, messages);
        let next = active.at + self.buffer.len() as u64;
        if next > active.written_to {
            // Where blocks were written before, a sync has nothing to tell the file system's own journal.
            active.written_to = (next + WRITTEN_AHEAD).min(active.end);
            self.buffer.resize(usize::try_from(active.written_to - active.at).unwrap_or(usize::MAX), 0);
        }
        let written = active.file.write_all_at(&self.buffer, active.at).and_then(|()| active.file.sync_data());
        if let Err(error) = written {
            // What the system had to write it takes for written now, and the next sync would not tell.
            let failure = Failure::of(&active.path, error);
            self.active = None;
            return Err(failure);
        }
        active.at = next;
        self.shared.lock().append(group);
        self.shared.changed.notify_waiters();
        active.is_in_place()
    }

    /// These are dealt with, in ascending order. It outlives the process, not a power cut.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn acknowledge(&mut self, sequences: impl IntoIterator<Item = u64>) -> Result<(), Failure> {
        let runs = runs(sequences);
        if runs.is_empty() {
            return Ok(());
        }
        if self.ack_file.is_over() {
            self.rewrite_acknowledged()?;
        }
        let end = self.shared.lock().end();
        self.ack_file.add(&runs, end)?;
        let mut index = self.shared.lock();
        runs.iter().for_each(|(from, end)| index.acknowledge(*from, *end));
        Ok(())
    }

    /// Lets go of the segments that nobody needs any more, once a power cut does not bring their messages back.
    pub(super) fn let_go_done(&mut self) {
        if !self.shared.lock().has_done() {
            return;
        }
        let known = if self.ack_file.is_over() { self.rewrite_acknowledged() } else { self.ack_file.sync() };
        if let Err(error) = known {
            tracing::warn!(%error, "segments of the queue that are dealt with stay for now");
            return;
        }
        let mut index = self.shared.lock();
        let done = index.take_done();
        index.forget(&done);
        self.let_go.extend(done);
    }

    /// Removes a piece of a segment that was let go of, from its end on; whether there was one. A file system that tells its disk
    /// of each block that is free makes all syncs wait meanwhile: of a whole segment too long.
    pub(super) fn remove_piece(&mut self) -> bool {
        let Some(ordinal) = self.let_go.front() else { return false };
        let path = super::segment::path(&self.folder, *ordinal);
        let removed = || match fs::metadata(&path)?.len().checked_sub(REMOVED_AT_ONCE) {
            Some(left) if left > 0 => File::options().write(true).open(&path)?.set_len(left).map(|()| false),
            _ => fs::remove_file(&path).map(|()| true),
        };
        let is_gone = removed().unwrap_or_else(|error| {
            tracing::warn!(%error, file = %path.display(), "a segment of the queue that is dealt with stays until the next start");
            true
        });
        if is_gone {
            self.let_go.pop_front();
        }
        true
    }

    /// Has it outlive a power cut up to where the log was synced. So it is once a segment has its first group, or nobody would miss
    /// the segment if it went, all of it.
    fn tell_end(&mut self) -> Result<(), Failure> {
        if self.ack_file.is_over() {
            return self.rewrite_acknowledged();
        }
        self.ack_file.add(&[(0, 0)], self.shared.lock().end())?;
        self.ack_file.sync()
    }

    /// Says up to where the log was synced, for whoever opens it next.
    pub(super) fn close(&mut self) {
        let end = self.shared.lock().end();
        if let Err(error) = self.ack_file.add(&[(0, 0)], end) {
            tracing::debug!(%error, "the queue is closed without a word of where it ends");
        }
    }

    fn rewrite_acknowledged(&mut self) -> Result<(), Failure> {
        let (acknowledged, end) = {
            let index = self.shared.lock();
            (index.acknowledged().clone(), index.end())
        };
        self.ack_file.rewrite(&acknowledged, end)
    }
}

impl Active {
    /// What is written into a file that lost its name is gone with the process.
    fn is_in_place(&self) -> Result<(), Failure> {
        if self.file_id == FileId::of(&self.path) { Ok(()) } else { Err(Failure::Gone(self.path.clone())) }
    }
}

/// Whole blocks with a record for each message.
fn encode(buffer: &mut Vec<u8>, active: &Active, first: u64, messages: &[Bytes]) -> Vec<Stored> {
    buffer.clear();
    let mut group = Vec::with_capacity(messages.len());
    for (sequence, message) in (first..).zip(messages) {
        let is_last = group.len() + 1 == messages.len();
        let head = Head { is_last, ..Head::of(sequence, first, message) };
        let at = active.at + buffer.len() as u64;
        buffer.extend_from_slice(&head.encode(active.segment.id));
        buffer.extend_from_slice(message);
        let next = head.next(at);
        buffer.resize(usize::try_from(next - active.at).unwrap_or(usize::MAX), 0);
        let place = Place { segment: active.segment.ordinal, at };
        group.push(Stored { sequence, place, next, message: message.clone() });
    }
    debug_assert!(buffer.len() >= HEAD_BYTES * messages.len());
    group
}
