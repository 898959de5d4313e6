//! The file of what is acknowledged: what it began with, and an entry for each run since.
//!
//! Its head is `tallyack`, the version of the format (1, in 8 bytes), a random id and the watermark; each entry is the sequences
//! from where to where (without the end), and up to where the log was synced then. Both are numbers of 8 bytes, with their lowest
//! byte first, in 32 bytes; behind them stand a CRC-32 of the id and these, and 4 zeros.
//!
//! Entries are written without a sync: one that a power cut takes has its messages delivered again. Before a segment goes, what
//! says that nobody needs it is synced; and behind a segment's first group, up to where the log was synced is, so that a segment
//! that is gone is missed.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use tallygate_embedded::FileId;
use tallygate_embedded::folders::write_whole;

use super::acknowledged::Acknowledged;
use super::failure::Failure;
use super::record::{bound_to, u32_at, u64_at};
use crate::limits::ACK_FILE_BYTES;

const NAME: &str = "acknowledged";
const MAGIC: [u8; 8] = *b"tallyack";
const VERSION: u64 = 1;
const BYTES: usize = 40;

/// What was read of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) acknowledged: Acknowledged,
    /// Up to where the log is known to have been synced.
    pub(super) end: u64,
}

/// The file, for the committing thread.
pub(super) struct AckFile {
    path: PathBuf,
    /// None once something failed of which nobody knows how far it came: it is made anew then.
    open: Option<Open>,
}

struct Open {
    file: File,
    file_id: Option<FileId>,
    id: u64,
    at: u64,
}

/// Where it stands.
pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join(NAME)
}

/// Reads it up to the first entry that is not whole; none when there is no such file.
///
/// # Errors
/// When it cannot be read, or its head is damaged.
pub(super) fn read(folder: &Path) -> Result<Option<Read>, Failure> {
    let path = path(folder);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::of(&path, error)),
    };
    let mut chunks = bytes.chunks_exact(BYTES);
    let head = chunks.next().filter(|head| head[..8] == MAGIC);
    let head = head.filter(|head| is_whole(u64_at(head, 16), head));
    let Some(head) = head else {
        return Err(Failure::damaged(&path, "it does not begin as it would"));
    };
    let version = u64_at(head, 8);
    if version != VERSION {
        return Err(Failure::Later(path, version));
    }
    let (id, below) = (u64_at(head, 16), u64_at(head, 24));
    let mut read = Read { acknowledged: Acknowledged::below(below), end: below };
    for entry in chunks.take_while(|entry| is_whole(id, entry)) {
        read.acknowledged.add(u64_at(entry, 0), u64_at(entry, 8));
        read.end = read.end.max(u64_at(entry, 16));
    }
    Ok(Some(read))
}

impl AckFile {
    /// Makes it anew from what is known; it is synced, and so are the names in its folder.
    ///
    /// # Errors
    /// When that fails.
    pub(super) fn make(folder: &Path, acknowledged: &Acknowledged, end: u64) -> Result<Self, Failure> {
        let mut made = Self { path: path(folder), open: None };
        made.rewrite(acknowledged, end)?;
        Ok(made)
    }

    /// Whether it is to be made anew before anything is added.
    pub(super) fn is_over(&self) -> bool {
        self.open.as_ref().is_none_or(|open| open.at > ACK_FILE_BYTES)
    }

    /// # Errors
    /// When it cannot be written or synced.
    pub(super) fn rewrite(&mut self, acknowledged: &Acknowledged, end: u64) -> Result<(), Failure> {
        if self.open.is_some() {
            self.is_in_place()?;
        }
        self.open = None;
        let id = rand::random();
        let mut bytes = head(id, acknowledged.watermark()).to_vec();
        bytes.extend(entry(id, (0, 0), end));
        bytes.extend(acknowledged.runs().flat_map(|run| entry(id, run, end)));
        let failed = |error| Failure::of(&self.path, error);
        write_whole(&self.path, &bytes, 0o600).map_err(failed)?;
        let file = OpenOptions::new().write(true).open(&self.path).map_err(failed)?;
        self.open = Some(Open { file, file_id: FileId::of(&self.path), id, at: bytes.len() as u64 });
        Ok(())
    }

    /// Adds runs. What is written outlives the process, not a power cut.
    ///
    /// # Errors
    /// When that fails; some of it may be in the file all the same.
    pub(super) fn add(&mut self, runs: &[(u64, u64)], end: u64) -> Result<(), Failure> {
        self.is_in_place()?;
        let closed = || Failure::Closed(self.path.clone());
        let open = self.open.as_mut().ok_or_else(closed)?;
        let bytes: Vec<u8> = runs.iter().flat_map(|run| entry(open.id, *run, end)).collect();
        if let Err(error) = open.file.write_all_at(&bytes, open.at) {
            self.open = None;
            return Err(Failure::of(&self.path, error));
        }
        open.at += bytes.len() as u64;
        self.is_in_place()
    }

    /// # Errors
    /// When that fails: it is to be made anew then, since the next sync would not tell.
    pub(super) fn sync(&mut self) -> Result<(), Failure> {
        let synced = self.open.as_ref().map_or(Ok(()), |open| open.file.sync_data());
        synced.map_err(|error| {
            self.open = None;
            Failure::of(&self.path, error)
        })
    }

    /// What is added to a file that lost its name is gone with the process.
    fn is_in_place(&self) -> Result<(), Failure> {
        let first = self.open.as_ref().and_then(|open| open.file_id);
        if first == FileId::of(&self.path) { Ok(()) } else { Err(Failure::Gone(self.path.clone())) }
    }
}

fn head(id: u64, below: u64) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..16].copy_from_slice(&VERSION.to_le_bytes());
    bytes[16..24].copy_from_slice(&id.to_le_bytes());
    bytes[24..32].copy_from_slice(&below.to_le_bytes());
    closed(id, bytes)
}

fn entry(id: u64, (from, end): (u64, u64), synced: u64) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    bytes[..8].copy_from_slice(&from.to_le_bytes());
    bytes[8..16].copy_from_slice(&end.to_le_bytes());
    bytes[16..24].copy_from_slice(&synced.to_le_bytes());
    closed(id, bytes)
}

fn closed(id: u64, mut bytes: [u8; BYTES]) -> [u8; BYTES] {
    let crc = bound_to(id, &bytes[..32]);
    bytes[32..36].copy_from_slice(&crc.to_le_bytes());
    bytes
}

fn is_whole(id: u64, bytes: &[u8]) -> bool {
    u32_at(bytes, 32) == bound_to(id, &bytes[..32])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn known() -> Acknowledged {
        let mut acknowledged = Acknowledged::below(5);
        acknowledged.add(7, 9);
        acknowledged
    }

    #[test]
    fn what_was_added_is_read_up_to_the_first_entry_that_is_not_whole() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap(), None);
        let mut file = AckFile::make(folder.path(), &known(), 20).unwrap();
        assert_eq!(read(folder.path()).unwrap(), Some(Read { acknowledged: known(), end: 20 }));
        file.add(&[(5, 6), (11, 12)], 21).unwrap();
        file.add(&[(6, 7)], 22).unwrap();
        file.sync().unwrap();
        let bytes = std::fs::read(path(folder.path())).unwrap();
        for length in 0..=bytes.len() {
            std::fs::write(path(folder.path()), &bytes[..length]).unwrap();
            let watermark = match length / BYTES {
                0 => {
                    assert!(read(folder.path()).is_err());
                    continue;
                }
                1..4 => 5,
                4 | 5 => 6,
                _ => 9,
            };
            assert_eq!(read(folder.path()).unwrap().unwrap().acknowledged.watermark(), watermark, "{length} bytes");
        }
    }

    #[test]
    fn an_entry_stays_as_files_have_it() {
        let mut golden = b"\x05\0\0\0\0\0\0\0\x06\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
        golden.extend(bound_to(3, &golden).to_le_bytes());
        golden.extend([0; 4]);
        assert_eq!(entry(3, (5, 6), 7), *golden);
        let mut golden = b"tallyack\x01\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0".to_vec();
        golden.extend(bound_to(3, &golden).to_le_bytes());
        golden.extend([0; 4]);
        assert_eq!(head(3, 5), *golden);
    }

    #[test]
    fn one_that_lost_its_name_takes_nothing_and_one_that_is_put_back_does() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = AckFile::make(folder.path(), &known(), 20).unwrap();
        let aside = folder.path().join("aside");
        std::fs::rename(path(folder.path()), &aside).unwrap();
        assert!(matches!(file.add(&[(5, 6)], 21), Err(Failure::Gone(_))));
        assert!(matches!(file.rewrite(&known(), 21), Err(Failure::Gone(_))));
        std::fs::rename(&aside, path(folder.path())).unwrap();
        file.add(&[(5, 6)], 21).unwrap();
        assert_eq!(read(folder.path()).unwrap().unwrap().acknowledged.watermark(), 6);
    }
}
