//! How long the gateway itself may take over a request: waiting for policies, their permits and the queue.

use std::time::Duration;

use tokio::time::Instant;

use crate::limits::Limits;
use crate::problem::Problem;

/// When the gateway must be through with a request. What has a limit of its own, such as the body's arrival and an upstream,
/// does not count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    at: Instant,
    retry_after: Duration,
}

impl Deadline {
    /// Of a request that begins now.
    pub(crate) fn of(limits: &Limits) -> Self {
        Self { at: Instant::now() + limits.request_time, retry_after: limits.retry_after }
    }

    /// Waits for this, but no longer than the request may take.
    pub(crate) async fn within<T>(&self, work: impl Future<Output = T>) -> Result<T, Problem> {
        tokio::time::timeout_at(self.at, work).await.map_err(|_| self.late())
    }

    /// Waits for what has a limit of its own, and does not count that.
    pub(crate) async fn apart_from<T>(&mut self, work: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let done = work.await;
        self.at += began.elapsed();
        done
    }

    /// Refuses a request whose time is over.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        if self.left().is_zero() { Err(self.late()) } else { Ok(()) }
    }

    /// What is left of its time.
    pub(crate) fn left(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    fn late(&self) -> Problem {
        Problem::Late(self.retry_after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_what_has_no_limit_of_its_own_counts() {
        let limits = Limits { request_time: Duration::from_secs(30), ..Limits::default() };
        let mut deadline = Deadline::of(&limits);
        let seconds = |seconds| tokio::time::sleep(Duration::from_secs(seconds));
        assert!(deadline.within(seconds(20)).await.is_ok());
        deadline.apart_from(seconds(500)).await;
        assert!(deadline.check().is_ok());
        assert!(deadline.within(seconds(9)).await.is_ok());
        assert!(matches!(deadline.within(seconds(20)).await, Err(Problem::Late(_))));
        assert!(deadline.check().is_err());
    }
}
