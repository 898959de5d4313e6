//! The disk as a test has it: the process that serves it, and what it is told.

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

use crate::server::{ANSWER, Order, SERVED_AT};
use crate::{Fault, Syncs};

/// The disk, mounted. Dropping it unmounts it, and nothing is left.
pub struct Disk {
    server: Mutex<Server>,
    folder: TempDir,
}

struct Server {
    process: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Disk {
    /// An empty disk. `server` names the test of this very program that calls [`serve`](crate::serve), and is ignored unless
    /// asked for.
    ///
    /// # Errors
    /// When it cannot be mounted.
    pub fn new(server: &str) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("tallygate-disk-").tempdir()?;
        let mut process = Command::new(std::env::current_exe()?)
            .args(["--ignored", "--exact", "--nocapture", server])
            .env(SERVED_AT, folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let missing = || io::Error::other("no pipe to the disk's process");
        let orders = Some(process.stdin.take().ok_or_else(missing)?);
        let answers = BufReader::new(process.stdout.take().ok_or_else(missing)?);
        let mut server = Server { process, orders, answers };
        server.answer()?;
        Ok(Self { server: Mutex::new(server), folder })
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Makes it fail, or well again.
    ///
    /// # Errors
    /// When its process is gone.
    pub fn set(&self, fault: Fault) -> io::Result<()> {
        self.tell(Order::Fault(fault)).map(drop)
    }

    /// Makes it keep what is synced, or not.
    ///
    /// # Errors
    /// When its process is gone.
    pub fn keep(&self, syncs: Syncs) -> io::Result<()> {
        self.tell(Order::Syncs(syncs)).map(drop)
    }

    /// How often something failed because of a fault.
    ///
    /// # Errors
    /// When its process is gone.
    pub fn failed(&self) -> io::Result<u64> {
        self.tell(Order::Failed)
    }

    /// Cuts the power: what was not synced is lost, or kept, or in part. Whoever had files open must be dead. Returns how
    /// many changes were not synced. The same seed loses the same of the same changes.
    ///
    /// # Errors
    /// When it cannot be unmounted or mounted again.
    pub fn cut(&self, seed: u64) -> io::Result<u64> {
        self.tell(Order::Cut(seed))
    }

    fn tell(&self, order: Order) -> io::Result<u64> {
        let mut server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(orders) = &mut server.orders {
            writeln!(orders, "{order}")?;
        }
        server.answer()
    }
}

impl Server {
    fn answer(&mut self) -> io::Result<u64> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.answers.read_line(&mut line)? == 0 {
                return Err(io::Error::other("the disk's process ended"));
            }
            // What the test harness prints stands on lines of its own, or before it.
            if let Some((_, answer)) = line.split_once(ANSWER) {
                return answer.trim().parse().map_err(|_| io::Error::other(answer.trim().to_owned()));
            }
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let server = self.server.get_mut().unwrap_or_else(PoisonError::into_inner);
        // It unmounts the disk and ends when nobody tells it anything any more.
        server.orders = None;
        let _ = server.process.wait();
    }
}
