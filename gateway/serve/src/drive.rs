//! Drives one connection to its end: the caller's, the server's, or that of a timeout.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper_util::server::graceful::GracefulConnection;
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

use crate::activity::{Activity, Timeout, Verdict};
use crate::limits::{CHECK_PAUSE, Limits};
use crate::parts::{Part, Task};
use crate::streams::Streams;

/// Why a connection ended that should not have.
pub(crate) type Broken = Box<dyn Error + Send + Sync>;

/// A connection of either version of HTTP.
pub(crate) trait Driven {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>>;

    /// It is to end once what is in progress has.
    fn drain(&mut self);

    /// It was looked at and goes on; it is polled next.
    fn checked(&mut self) {}
}

impl<C> Driven for Pin<Box<C>>
where
    C: GracefulConnection<Error = hyper::Error>,
{
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        self.as_mut().poll(context).map_err(Into::into)
    }

    fn drain(&mut self) {
        self.as_mut().graceful_shutdown();
    }
}

/// What ends a connection from the server's side.
struct Watch<'w> {
    activity: &'w Activity,
    limits: &'w Limits,
    /// None once it was told to end.
    stopped: Option<Pin<Box<WaitForCancellationFuture<'w>>>>,
    checks: Interval,
}

/// Drives a connection; with its requests, where they run beside it within its task.
pub(crate) async fn drive(
    task: Arc<Task>,
    mut connection: impl Driven,
    mut streams: Option<Streams>,
    activity: &Activity,
    limits: &Limits,
    stopping: &CancellationToken,
) -> Result<Result<(), Broken>, Timeout> {
    let mut watch = Watch::over(activity, limits, stopping);
    let (talks, watches) = (Part::of(&task), Part::of(&task));
    let (talking, watching) = (talks.waker(), watches.waker());
    std::future::poll_fn(|context| {
        task.look(context);
        if let Some(streams) = &mut streams {
            streams.begin_turn();
            streams.work();
        }
        if talks.take()
            && let Poll::Ready(end) = connection.poll(&mut Context::from_waker(&talking))
        {
            return Poll::Ready(Ok(end));
        }
        if watches.take() {
            match watch.poll_verdict(&mut Context::from_waker(&watching)) {
                Poll::Ready(Verdict::Close(timeout)) => {
                    activity.cut_off();
                    return Poll::Ready(Err(timeout));
                }
                Poll::Ready(verdict) => {
                    match verdict {
                        Verdict::Drain => connection.drain(),
                        _ => connection.checked(),
                    }
                    // A caller may just have been taken for gone, which the connection sees when it reads.
                    talking.wake_by_ref();
                    watching.wake_by_ref();
                }
                Poll::Pending => {}
            }
        }
        // What has just been asked is answered in the same turn, where it can be.
        if streams.as_mut().is_some_and(Streams::work)
            && talks.take()
            && let Poll::Ready(end) = connection.poll(&mut Context::from_waker(&talking))
        {
            return Poll::Ready(Ok(end));
        }
        task.rest([Some(&talks), Some(&watches), streams.as_ref().map(Streams::part)]);
        Poll::Pending
    })
    .await
}

impl<'w> Watch<'w> {
    fn over(activity: &'w Activity, limits: &'w Limits, stopping: &'w CancellationToken) -> Self {
        let shortest = limits.header_time.min(limits.idle_time).min(limits.stalled_time);
        let pause = (shortest / 4).clamp(CHECK_PAUSE.0, CHECK_PAUSE.1);
        let mut checks = tokio::time::interval_at(Instant::now() + pause, pause);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { activity, limits, stopped: Some(Box::pin(stopping.cancelled())), checks }
    }

    /// Ready after each check; with [`Verdict::Drain`] once.
    fn poll_verdict(&mut self, context: &mut Context<'_>) -> Poll<Verdict> {
        if self.stopped.as_mut().is_some_and(|stopped| stopped.as_mut().poll(context).is_ready()) {
            self.stopped = None;
            return Poll::Ready(Verdict::Drain);
        }
        ready!(self.checks.poll_tick(context));
        Poll::Ready(match self.activity.check(self.limits) {
            Verdict::Drain if self.stopped.take().is_none() => Verdict::Keep,
            verdict => verdict,
        })
    }
}
