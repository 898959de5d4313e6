//! What the end-to-end tests stand on: a site with processes, senders, and books of their own.

pub mod books;
pub mod caller;
pub mod ledger;
pub mod process;
pub mod said;
pub mod sender;
pub mod site;

use std::time::{Duration, Instant};

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
            Err(_) => std::thread::sleep(Duration::from_millis(200)),
        }
    }
}
