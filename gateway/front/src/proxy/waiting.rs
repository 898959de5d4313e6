//! Whom a request waits for while it goes to its upstream: the caller, for more of its body, or the upstream.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Since when the upstream is waited for. Cloning it shares it.
#[derive(Clone, Debug)]
pub(crate) struct Waiting(Arc<Since>);

#[derive(Debug)]
struct Since {
    began: Instant,
    /// In milliseconds since then, plus 1; 0 while the caller is waited for.
    upstream: AtomicU64,
    /// The upstream has all of the body.
    all_sent: AtomicBool,
}

/// The upstream's time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overdue {
    /// It took no more of the body.
    Unread,
    /// It had all of it and did not answer.
    Unanswered,
}

impl Waiting {
    /// The upstream is waited for, from now on.
    pub(crate) fn new() -> Self {
        let since = Since { began: Instant::now(), upstream: AtomicU64::new(1), all_sent: AtomicBool::new(false) };
        Self(Arc::new(since))
    }

    /// The caller is to send more.
    pub(crate) fn for_caller(&self) {
        self.0.upstream.store(0, Ordering::Relaxed);
    }

    /// The upstream is to take what it was given, and to answer where that was all.
    pub(crate) fn for_upstream(&self, all_sent: bool) {
        self.0.all_sent.store(all_sent, Ordering::Relaxed);
        self.0.upstream.store(self.now(), Ordering::Relaxed);
    }

    /// Does the work unless the upstream is waited for longer than this at a stretch.
    pub(crate) async fn within<T>(&self, limit: Duration, work: impl Future<Output = T>) -> Result<T, Overdue> {
        let mut work = pin!(work);
        let mut over = pin!(tokio::time::sleep(limit));
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                () = &mut over => {
                    let left = self.left(limit)?;
                    over.as_mut().reset(Instant::now() + left);
                }
            }
        }
    }

    /// What the upstream has left of its time.
    fn left(&self, limit: Duration) -> Result<Duration, Overdue> {
        let since = self.0.upstream.load(Ordering::Relaxed);
        if since == 0 {
            return Ok(limit);
        }
        let waited = Duration::from_millis(self.now().saturating_sub(since));
        limit.checked_sub(waited).filter(|left| !left.is_zero()).ok_or_else(|| {
            match self.0.all_sent.load(Ordering::Relaxed) {
                true => Overdue::Unanswered,
                false => Overdue::Unread,
            }
        })
    }

    fn now(&self) -> u64 {
        self.0.began.elapsed().as_millis() as u64 + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn the_callers_time_is_not_the_upstreams() {
        let waiting = Waiting::new();
        let upload = async {
            for _ in 0..10 {
                waiting.for_caller();
                tokio::time::sleep(Duration::from_secs(50)).await;
                waiting.for_upstream(false);
                tokio::time::sleep(Duration::from_secs(50)).await;
            }
            waiting.for_upstream(true);
            tokio::time::sleep(Duration::from_secs(59)).await;
        };
        assert_eq!(waiting.within(LIMIT, upload).await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn an_upstream_that_takes_no_more_is_told_from_one_that_does_not_answer() {
        for (all_sent, overdue) in [(false, Overdue::Unread), (true, Overdue::Unanswered)] {
            let (waiting, began) = (Waiting::new(), Instant::now());
            let work = async {
                waiting.for_caller();
                tokio::time::sleep(Duration::from_secs(100)).await;
                waiting.for_upstream(all_sent);
                std::future::pending::<()>().await;
            };
            assert_eq!(waiting.within(LIMIT, work).await, Err(overdue));
            let took = began.elapsed().as_secs();
            assert!((160..162).contains(&took), "{took}");
        }
    }
}
