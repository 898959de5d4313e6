//! Waiting for what takes its time, without waiting for ever.

use std::time::{Duration, Instant};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(200);

/// Asks again and again until it is so, at most for this long.
///
/// # Panics
/// When the time is over, with what was said last.
pub fn eventually<T>(what: &str, within: Duration, mut is_so: impl FnMut() -> Result<T, String>) -> T {
    let start = Instant::now();
    loop {
        match is_so() {
            Ok(value) => return value,
            Err(why) if start.elapsed() > within => panic!("{what}: not within {within:?}: {why}"),
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}
