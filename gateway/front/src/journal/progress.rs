//! What the journal's thread is at, for those who wait for it.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use prometheus_client::metrics::gauge::Gauge;

/// Which file the thread works with, and since when without an answer of the system.
#[derive(Debug)]
pub(super) struct Progress {
    state: Mutex<State>,
    hangs: Gauge,
}

#[derive(Debug)]
struct State {
    path: Arc<Path>,
    /// None while it has nothing to do.
    since: Option<Instant>,
    /// Why it has no file at all.
    closed: Option<Arc<io::Error>>,
}

impl Progress {
    /// It is to begin with this file now.
    pub(super) fn with(path: Arc<Path>, hangs: Gauge) -> Self {
        Self { state: Mutex::new(State { path, since: Some(Instant::now()), closed: None }), hangs }
    }

    /// It turns to another file.
    pub(super) fn turn_to(&self, path: Arc<Path>) {
        self.lock().path = path;
    }

    /// It has a file, or none for this reason.
    pub(super) fn has_file(&self, outcome: Result<(), Arc<io::Error>>) {
        self.lock().closed = outcome.err();
    }

    /// Why it has no file.
    pub(super) fn closed(&self) -> Option<Arc<io::Error>> {
        self.lock().closed.clone()
    }

    /// It begins with what came.
    pub(super) fn begin(&self) {
        self.lock().since = Some(Instant::now());
    }

    /// It is done with what came.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.since = None;
        self.hangs.set(0);
    }

    /// The file.
    pub(super) fn path(&self) -> Arc<Path> {
        self.lock().path.clone()
    }

    /// How long it has been at the same work, if that is as long as this.
    pub(super) fn hangs_for(&self, at_least: Duration) -> Option<Duration> {
        let state = self.lock();
        let hangs = state.since.map(|since| since.elapsed()).filter(|spent| *spent >= at_least);
        if hangs.is_some() {
            // With the lock, so that it does not stay when the work ends at the same time.
            self.hangs.set(1);
        }
        hangs
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
