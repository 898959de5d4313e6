//! Growing delays between tries, each cut by chance, so that many who failed together do not come back together.

use backon::ExponentialBuilder;

use crate::timeouts::BACKOFF;

/// For ever, each delay half of its time to all of it.
pub(crate) fn delays() -> ExponentialBuilder {
    // The jitter adds up to as much again.
    let (first, longest) = BACKOFF;
    let delays = ExponentialBuilder::new()
        .with_min_delay(first / 2)
        .with_max_delay(longest / 2)
        .without_max_times()
        .with_jitter();
    // Tests repeat themselves.
    if cfg!(test) { delays.with_jitter_seed(1) } else { delays }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use backon::BackoffBuilder;

    use super::*;

    #[test]
    fn delays_double_up_to_the_longest_and_never_end() {
        let longest = [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000].map(Duration::from_millis);
        for (delay, longest) in delays().build().zip(longest) {
            assert!((longest / 2..=longest).contains(&delay), "{delay:?} {longest:?}");
        }
        assert!(delays().build().nth(10_000).is_some());
    }
}
