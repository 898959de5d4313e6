//! The journal as it is read back, damage and all.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::entry::{JournalEntry, decode};
use super::file;
use crate::limits::JOURNAL_LINE_BYTES;

/// A place of the journal that does not read. After a crash the last line may be one; it was never answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}, line {line}: {problem}", file.display())]
pub struct JournalDamage {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; 0: the file as a whole.
    pub line: u64,
    /// What is wrong.
    pub problem: String,
}

/// Reads a journal, file by file.
#[derive(Debug)]
pub struct JournalReader {
    files: VecDeque<PathBuf>,
    open: Option<(PathBuf, BufReader<File>, u64)>,
    failed: Option<JournalDamage>,
}

/// All entries of the journal in a folder, by day and run, and what is damaged between them. A missing folder is empty.
pub fn read(dir: &Path) -> JournalReader {
    let files = match list(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        files => Ok(files.unwrap_or_default()),
    };
    let failed = files.as_ref().err().map(|error| damage(dir, 0, error.to_string()));
    JournalReader { files: files.unwrap_or_default().into(), open: None, failed }
}

impl Iterator for JournalReader {
    type Item = Result<JournalEntry, JournalDamage>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(failed) = self.failed.take() {
            return Some(Err(failed));
        }
        loop {
            let (path, reader, line) = match &mut self.open {
                Some(open) => open,
                None => {
                    let path = self.files.pop_front()?;
                    match File::open(&path) {
                        Ok(file) => self.open.insert((path, BufReader::new(file), 0)),
                        // Pruned between listing and opening.
                        Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                        Err(error) => return Some(Err(damage(&path, 0, error.to_string()))),
                    }
                }
            };
            let mut bytes = Vec::new();
            let read = reader.take(JOURNAL_LINE_BYTES as u64).read_until(b'\n', &mut bytes);
            *line += 1;
            let result = match read {
                Ok(0) => {
                    self.open = None;
                    continue;
                }
                Ok(_) if bytes == b"\n" => continue,
                Ok(_) => match bytes.strip_suffix(b"\n") {
                    Some(whole) => decode(whole).map_err(|problem| damage(path, *line, problem.into())),
                    None => Err(damage(path, *line, "it was not written whole".into())),
                },
                Err(error) => {
                    let failed = damage(path, *line, error.to_string());
                    self.open = None;
                    Err(failed)
                }
            };
            return Some(result);
        }
    }
}

fn list(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for found in std::fs::read_dir(dir)? {
        let path = found?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(file::is_journal) {
            files.push(path);
        }
    }
    files.sort_unstable();
    Ok(files)
}

fn damage(file: &Path, line: u64, problem: String) -> JournalDamage {
    JournalDamage { file: file.to_owned(), line, problem }
}
