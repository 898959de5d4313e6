//! A queue, stream or store in a file that is opened beside the process: a file that does not open keeps nothing from its
//! work that does not need it, and is tried again until it does.

mod queue;
mod stream;
mod sums;

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

const TIMES: Times = Times { try_every: Duration::from_secs(5), patience: Duration::from_secs(5) };

/// How long what takes.
#[derive(Clone, Copy, Debug)]
struct Times {
    /// Between two tries to open a file.
    try_every: Duration,
    /// How long a call waits for the first try.
    patience: Duration,
}

/// What is opened from a file, once it opens. Until then each call gets the reason why not.
pub(super) struct Later<T, E> {
    path: PathBuf,
    state: watch::Receiver<State<T, E>>,
    away: fn(String) -> E,
    patience: Duration,
}

/// How a file stands.
#[derive(Clone)]
enum State<T, E> {
    /// The first try has not ended.
    Opening,
    Open(T),
    Closed(E),
}

impl<T, E> Later<T, E>
where
    T: Clone + Send + Sync + 'static,
    E: Clone + std::error::Error + Send + Sync + 'static,
{
    /// Begins to open the file, on a thread of its own, since nobody knows how long that takes. `away` makes the port's error
    /// for what may work later.
    pub(super) fn open(
        path: &Path,
        away: fn(String) -> E,
        open: impl Fn() -> Result<T, E> + Send + 'static,
    ) -> std::io::Result<Self> {
        Self::open_in(TIMES, path, away, open)
    }

    fn open_in(
        times: Times,
        path: &Path,
        away: fn(String) -> E,
        open: impl Fn() -> Result<T, E> + Send + 'static,
    ) -> std::io::Result<Self> {
        let (tell, state) = watch::channel(State::Opening);
        let path = path.to_owned();
        let file = path.clone();
        let turns = move || open_until_it_does(times.try_every, &file, away, open, &tell);
        std::thread::Builder::new().name("opening".to_owned()).spawn(turns)?;
        Ok(Self { path, state, away, patience: times.patience })
    }

    /// What was opened.
    pub(super) async fn there(&self) -> Result<T, E> {
        let mut state = self.state.clone();
        let known = timeout(self.patience, state.wait_for(|state| !matches!(state, State::Opening)));
        match known.await.map(|known| known.map(|state| state.clone())) {
            Ok(Ok(State::Open(it))) => Ok(it),
            Ok(Ok(State::Closed(error))) => Err(error),
            Ok(Ok(State::Opening)) | Err(_) => Err((self.away)(format!(
                "{}: does not open, and gives no answer; look whether its disk hangs",
                self.path.display()
            ))),
            Ok(Err(_)) => Err((self.away)(format!("{}: what opens it has ended", self.path.display()))),
        }
    }
}

fn open_until_it_does<T, E: Clone + std::error::Error>(
    every: Duration,
    path: &Path,
    away: fn(String) -> E,
    open: impl Fn() -> Result<T, E>,
    tell: &watch::Sender<State<T, E>>,
) {
    // One that was there and is being put back must not be made anew under the hands of whoever does so.
    let was_there = path.exists();
    let mut told = String::new();
    while !tell.is_closed() {
        let opened = if was_there && !path.exists() {
            Err(away(format!("{}: is no longer there; put it back, or restart to begin anew", path.display())))
        } else {
            open()
        };
        let error = match opened {
            Ok(it) => {
                if !told.is_empty() {
                    tracing::info!(file = %path.display(), "it opens now");
                }
                tell.send_replace(State::Open(it));
                return;
            }
            Err(error) => error,
        };
        let why = error.to_string();
        if why != told {
            tracing::error!(error = why, "a file does not open; it is tried again, and what needs it stands meanwhile");
            told = why;
        }
        tell.send_replace(State::Closed(error));
        sleep(every);
    }
}

#[cfg(test)]
mod tests;
