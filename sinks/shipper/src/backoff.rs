//! How long to wait before the next attempt.

use backon::ExponentialBuilder;

use crate::timeouts::{BACKOFF_FIRST, BACKOFF_LAST};

/// For ever; delays that double up to a limit.
pub(crate) fn delays() -> ExponentialBuilder {
    ExponentialBuilder::new().with_min_delay(BACKOFF_FIRST).with_max_delay(BACKOFF_LAST).without_max_times()
}

#[cfg(test)]
mod tests {
    use backon::BackoffBuilder;

    use super::*;

    #[test]
    fn delays_double_up_to_the_last_and_never_end() {
        let expected = [50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000];
        let delays: Vec<u128> = delays().build().take(expected.len()).map(|delay| delay.as_millis()).collect();
        assert_eq!(delays, expected);
    }
}
