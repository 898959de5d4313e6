//! How often one kind of line may stand in the log, whatever callers do to bring it about.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A burst of lines, then one for each pause; what is left out is counted.
#[derive(Debug)]
pub struct LineLimit {
    burst: u32,
    pause: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Lines that may be written at once.
    left: u32,
    /// Since when the next one is waited for.
    since: Instant,
    left_out: u64,
}

impl LineLimit {
    /// At most `burst` lines at once, and one more after each `pause`.
    #[must_use]
    pub fn new(burst: u32, pause: Duration, now: Instant) -> Self {
        Self { burst, pause, state: Mutex::new(State { left: burst, since: now, left_out: 0 }) }
    }

    /// Whether a line may be written; one that may not is counted.
    pub fn allows(&self, now: Instant) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let pauses = now.saturating_duration_since(state.since).as_nanos() / self.pause.as_nanos().max(1);
        if pauses > 0 {
            state.left = u32::try_from(pauses).unwrap_or(u32::MAX).saturating_add(state.left).min(self.burst);
            state.since = now;
        }
        match state.left.checked_sub(1) {
            Some(left) => {
                state.left = left;
                true
            }
            None => {
                state.left_out += 1;
                false
            }
        }
    }

    /// How many lines were left out since this was last asked.
    pub fn take_left_out(&self) -> u64 {
        std::mem::take(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(1);

    fn allowed(limit: &LineLimit, tries: usize, now: Instant) -> usize {
        (0..tries).filter(|_| limit.allows(now)).count()
    }

    #[test]
    fn a_burst_is_written_and_then_a_line_for_each_pause() {
        let began = Instant::now();
        let limit = LineLimit::new(10, PAUSE, began);
        assert_eq!(allowed(&limit, 1000, began), 10);
        assert_eq!(allowed(&limit, 1000, began + PAUSE / 2), 0);
        assert_eq!(allowed(&limit, 1000, began + PAUSE), 1);
        assert_eq!(allowed(&limit, 1000, began + PAUSE * 4), 3);
        assert_eq!(allowed(&limit, 1000, began + PAUSE * 1000), 10);
    }

    #[test]
    fn what_is_left_out_is_counted_once() {
        let began = Instant::now();
        let limit = LineLimit::new(2, PAUSE, began);
        allowed(&limit, 7, began);
        assert_eq!(limit.take_left_out(), 5);
        assert_eq!(limit.take_left_out(), 0);
    }

    #[test]
    fn a_clock_that_stands_still_allows_no_more_than_the_burst() {
        let began = Instant::now();
        let limit = LineLimit::new(1, Duration::ZERO, began);
        assert_eq!(allowed(&limit, 3, began), 1);
    }
}
