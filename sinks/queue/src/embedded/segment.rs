//! A file of the log: one block that says which it is, and groups of records behind it.
//!
//! | bytes | what |
//! |---|---|
//! | 0..8 | `tallyseg` |
//! | 8..16 | version of the format, 1 |
//! | 16..24 | its place in the order of segments, its name too |
//! | 24..32 | its id, a random number that the checksums of all its records cover |
//! | 32..40 | sequence of its first record |
//! | 40..44 | CRC-32 of the id and the 40 bytes before |
//!
//! What the segment before holds from that sequence on counts for nothing: it was written and never synced.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::FallocateFlags;
use rustix::io::Errno;
use tallygate_embedded::folders::sync_folder;

use super::record::{BLOCK, bound_to, u32_at, u64_at};

const MAGIC: [u8; 8] = *b"tallyseg";
const VERSION: u64 = 1;
const HEAD_BYTES: usize = 44;
const ENDING: &str = ".segment";

/// Which segment it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) ordinal: u64,
    pub(super) id: u64,
    /// Sequence of its first record.
    pub(super) base: u64,
}

/// What stands where a segment begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Begin {
    Whole(Segment),
    /// Nothing was ever synced into it.
    Nothing,
    /// What it holds was another's, or is damaged.
    Damaged,
    /// A later release's.
    Version(u64),
}

impl Segment {
    pub(super) fn path(&self, folder: &Path) -> PathBuf {
        path(folder, self.ordinal)
    }

    /// Makes its file, with room for so many bytes; it is there after a power cut.
    ///
    /// # Errors
    /// When it cannot be made or synced; it is not there then, or is without records.
    pub(super) fn make(&self, folder: &Path, bytes: u64) -> io::Result<File> {
        let path = self.path(folder);
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        let made = || -> io::Result<()> {
            make_room(&file, bytes)?;
            file.write_all_at(&self.encode(), 0)?;
            file.sync_all()?;
            sync_folder(folder)
        };
        match made() {
            Ok(()) => Ok(file),
            Err(error) => {
                // One that stays is without records, and is removed by the next process at the latest.
                let _ = fs::remove_file(&path);
                Err(error)
            }
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(BLOCK as usize);
        bytes.extend(MAGIC);
        for number in [VERSION, self.ordinal, self.id, self.base] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(bound_to(self.id, &bytes).to_le_bytes());
        bytes.resize(BLOCK as usize, 0);
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.first_chunk::<HEAD_BYTES>()?;
        let (ordinal, id, base) = (u64_at(bytes, 16), u64_at(bytes, 24), u64_at(bytes, 32));
        let is_whole = bytes[..8] == MAGIC && u32_at(bytes, 40) == bound_to(id, &bytes[..40]);
        is_whole.then_some(Self { ordinal, id, base })
    }

    /// Reads how the file with this place in the order begins.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn begin(folder: &Path, ordinal: u64) -> io::Result<Begin> {
        let file = File::open(path(folder, ordinal))?;
        let mut bytes = [0; HEAD_BYTES];
        if read_some_at(&file, &mut bytes, 0)? == HEAD_BYTES
            && let Some(segment) = Self::decode(&bytes)
        {
            return Ok(match u64_at(&bytes, 8) {
                VERSION if segment.ordinal == ordinal => Begin::Whole(segment),
                VERSION => Begin::Damaged,
                version => Begin::Version(version),
            });
        }
        Ok(if is_zero_from(&file, 0)? { Begin::Nothing } else { Begin::Damaged })
    }
}

/// Where the segment with this place in the order stands.
pub(super) fn path(folder: &Path, ordinal: u64) -> PathBuf {
    folder.join(format!("{ordinal:012}{ENDING}"))
}

/// The segments in a folder, in their order, each once: a file whose name is not exactly a segment's is none.
///
/// # Errors
/// When it cannot be read.
pub(super) fn ordinals(folder: &Path) -> io::Result<Vec<u64>> {
    let mut ordinals = Vec::new();
    for entry in fs::read_dir(folder)? {
        let file = entry?.path();
        let name = file.file_name().and_then(|name| name.to_str());
        let ordinal = name.and_then(|name| name.strip_suffix(ENDING)?.parse::<u64>().ok());
        ordinals.extend(ordinal.filter(|ordinal| path(folder, *ordinal) == file));
    }
    ordinals.sort_unstable();
    Ok(ordinals)
}

/// How many bytes there were, of as many as there is room for.
///
/// # Errors
/// When they cannot be read.
pub(super) fn read_some_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<usize> {
    let mut read = 0;
    while read < bytes.len() {
        match file.read_at(&mut bytes[read..], at + read as u64) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

/// Whether nothing but zeros stands there.
fn is_zero_from(file: &File, mut at: u64) -> io::Result<bool> {
    const ZEROS: [u8; 4096] = [0; 4096];
    let mut bytes = ZEROS;
    loop {
        let read = read_some_at(file, &mut bytes, at)?;
        if bytes[..read] != ZEROS[..read] {
            return Ok(false);
        }
        if read < bytes.len() {
            return Ok(true);
        }
        at += read as u64;
    }
}

/// Where the file system cannot set blocks aside, the file is as long all the same, so that no sync has a length to write.
fn make_room(file: &File, bytes: u64) -> io::Result<()> {
    match rustix::fs::fallocate(file, FallocateFlags::empty(), 0, bytes) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => file.set_len(bytes),
        made => Ok(made?),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_segment_is_read_as_it_was_written_and_stays_as_files_have_it() {
        let segment = Segment { ordinal: 3, id: 0x0102_0304_0506_0708, base: 9 };
        let folder = tempfile::tempdir().unwrap();
        drop(segment.make(folder.path(), 65_536).unwrap());
        assert_eq!(ordinals(folder.path()).unwrap(), [3]);
        assert_eq!(Segment::begin(folder.path(), 3).unwrap(), Begin::Whole(segment));
        let bytes = fs::read(folder.path().join("000000000003.segment")).unwrap();
        assert_eq!(bytes.len(), 65_536);
        let mut golden =
            b"tallyseg\x01\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\x08\x07\x06\x05\x04\x03\x02\x01\x09\0\0\0\0\0\0\0".to_vec();
        golden.extend(bound_to(segment.id, &golden).to_le_bytes());
        golden.resize(65_536, 0);
        assert_eq!(bytes, golden);
    }

    #[test]
    fn a_file_of_another_name_is_no_segment_and_none_is_listed_twice() {
        let folder = tempfile::tempdir().unwrap();
        let segment = Segment { ordinal: 9, id: 7, base: 0 };
        drop(segment.make(folder.path(), 4_096).unwrap());
        for name in ["9.segment", "+9.segment", "0000000000009.segment", "000000000010.segment.bak", "x.segment"] {
            fs::copy(segment.path(folder.path()), folder.path().join(name)).unwrap();
        }
        assert_eq!(ordinals(folder.path()).unwrap(), [9]);
    }

    #[test]
    fn what_was_never_begun_is_told_from_what_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let segment = Segment { ordinal: 1, id: 7, base: 0 };
        let write = |bytes: &[u8]| fs::write(segment.path(folder.path()), bytes).unwrap();
        let begin = || Segment::begin(folder.path(), 1).unwrap();
        for nothing in [&[][..], &[0; 10], &[0; 10_000]] {
            write(nothing);
            assert_eq!(begin(), Begin::Nothing);
        }
        let mut bytes = segment.encode();
        bytes[33] ^= 1;
        write(&bytes);
        assert_eq!(begin(), Begin::Damaged);
        write(&Segment { ordinal: 2, ..segment }.encode());
        assert_eq!(begin(), Begin::Damaged, "its name is another's");
    }
}
