//! How long answers took, and when.

use std::fmt;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The times of what several threads waited for.
#[derive(Default)]
pub struct Times(Mutex<Vec<(Instant, Duration)>>);

/// The times of one stretch, in short.
pub struct Summary {
    pub count: usize,
    pub median: Duration,
    /// 99 of 100 took no longer.
    pub late: Duration,
    pub slowest: Duration,
}

impl Times {
    /// Does something and takes its time.
    pub fn of<T>(&self, act: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let value = act();
        self.0.lock().unwrap().push((start, start.elapsed()));
        value
    }

    /// What began in this stretch.
    pub fn between(&self, from: Instant, to: Instant) -> Summary {
        let all = self.0.lock().unwrap();
        let mut times: Vec<Duration> =
            all.iter().filter(|(start, _)| (from..to).contains(start)).map(|(_, took)| *took).collect();
        times.sort_unstable();
        let at = |part: usize| times.get(times.len() * part / 100).or(times.last()).copied().unwrap_or_default();
        Summary { count: times.len(), median: at(50), late: at(99), slowest: at(100) }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, median, late, slowest } = self;
        write!(f, "{count} answers, half within {median:?}, 99 of 100 within {late:?}, the slowest after {slowest:?}")
    }
}
