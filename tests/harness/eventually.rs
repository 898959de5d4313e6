//! Waiting for what takes its time, without waiting for ever.

use std::time::{Duration, Instant};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(200);

/// Asks again and again until it is so, at most for this long.
///
/// # Panics
/// When the time is over, with what was said last.
#[track_caller]
pub fn eventually<T>(what: &str, within: Duration, is_so: impl FnMut() -> Result<T, String>) -> T {
    in_time(within, is_so).unwrap_or_else(|why| panic!("{what}: not within {within:?}: {why}"))
}

/// Asks again and again until it is so, at most for this long; else returns what was said last.
pub fn in_time<T>(within: Duration, mut is_so: impl FnMut() -> Result<T, String>) -> Result<T, String> {
    let start = Instant::now();
    loop {
        match is_so() {
            Err(_) if start.elapsed() <= within => std::thread::sleep(PAUSE),
            known => return known,
        }
    }
}
