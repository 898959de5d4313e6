//! A file that hangs: a pipe under the file's name that is full until somebody reads it.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;

/// As Linux numbers it.
const O_NONBLOCK: i32 = 0o4000;

/// The other end of it.
pub(crate) struct Pipe(File);

impl Pipe {
    /// Takes the place of a file. Whoever opens that for reading and writing is not held up, whoever writes is.
    pub(crate) fn in_place_of(path: &Path) -> Self {
        let _ = std::fs::remove_file(path);
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
        let mut pipe = OpenOptions::new().read(true).write(true).custom_flags(O_NONBLOCK).open(path).unwrap();
        // Whole pages, so that not even a line finds room.
        while pipe.write(&[b'\n'; 4096]).is_ok() {}
        Self(pipe)
    }

    /// Takes out what is in it, so that whoever hangs goes on.
    pub(crate) fn drained(&mut self) -> String {
        let mut text = Vec::new();
        let ended = self.0.read_to_end(&mut text).unwrap_err();
        assert_eq!(ended.kind(), ErrorKind::WouldBlock);
        String::from_utf8(text).unwrap()
    }
}
