//! What reads a measured process's log, as a collector of logs would, and counts its lines.

use std::io::Read;
use std::process::ChildStderr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Bytes that are read at once: what a pipe holds.
const PIECE: usize = 64 * 1024;

/// The lines that a process has logged so far.
#[derive(Clone, Debug, Default)]
pub struct Logged(Arc<AtomicU64>);

impl Logged {
    /// Reads until the process closes its log.
    pub fn read(mut log: ChildStderr) -> Self {
        let logged = Self::default();
        let lines = logged.clone();
        thread::spawn(move || {
            let mut piece = vec![0; PIECE];
            while let Ok(read @ 1..) = log.read(&mut piece) {
                let found = memchr::memchr_iter(b'\n', &piece[..read]).count();
                lines.0.fetch_add(found as u64, Ordering::Relaxed);
            }
        });
        logged
    }

    pub fn lines(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
