//! Growing delays between attempts to connect, partly by chance, so that many processes do not come back all at once.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

use crate::timeouts::{BACKOFF_FIRST, BACKOFF_LAST};

/// For ever, each delay its own time, and up to a half more.
pub(super) fn delays() -> impl Iterator<Item = Duration> {
    // The library's jitter adds up to as much again; here it is to add half as much.
    let half = ExponentialBuilder::new()
        .with_min_delay(BACKOFF_FIRST / 2)
        .with_max_delay(BACKOFF_LAST / 2)
        .without_max_times();
    half.build().zip(half.with_jitter().build()).map(|(fixed, with_chance)| fixed + with_chance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_last_and_a_half_is_chance() {
        let least = [100, 200, 400, 800, 1_600, 2_000, 2_000].map(Duration::from_millis);
        for (delay, least) in delays().zip(least) {
            assert!((least..=least * 3 / 2).contains(&delay), "{delay:?} {least:?}");
        }
    }
}
