//! Drives one connection to its end: the caller's, the server's, or that of a timeout.

use std::pin::pin;

use hyper_util::server::graceful::GracefulConnection;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::activity::{Activity, Timeout, Verdict};
use crate::limits::{CHECK_PAUSE, Limits};

/// Drives a connection; `checked` is called at each check of its timeouts.
pub(crate) async fn drive<C>(
    connection: C,
    activity: &Activity,
    limits: &Limits,
    stopping: &CancellationToken,
    checked: impl Fn(),
) -> Result<Result<(), C::Error>, Timeout>
where
    C: GracefulConnection,
{
    let mut connection = pin!(connection);
    let shortest = limits.header_time.min(limits.idle_time).min(limits.stalled_time);
    let mut checks = tokio::time::interval((shortest / 4).clamp(CHECK_PAUSE.0, CHECK_PAUSE.1));
    checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stopped = pin!(stopping.cancelled());
    let mut draining = false;
    loop {
        let drain = tokio::select! {
            biased;
            end = connection.as_mut() => return Ok(end),
            () = &mut stopped, if !draining => true,
            _ = checks.tick() => {
                checked();
                match activity.check(limits) {
                    Verdict::Keep => false,
                    Verdict::Drain => !draining,
                    Verdict::Close(timeout) => {
                        activity.cut_off();
                        return Err(timeout);
                    }
                }
            }
        };
        if drain {
            draining = true;
            connection.as_mut().graceful_shutdown();
        }
    }
}
