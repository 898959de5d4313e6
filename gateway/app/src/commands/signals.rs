//! The signals that tell a process to stop, and the one that does not.

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};

/// Ready at the first SIGTERM or SIGINT; a second one ends the process at once.
pub(crate) fn told_to_stop() -> Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping; a second signal ends at once");
        #[allow(clippy::disallowed_methods, reason = "it ends with the process and cannot fail")]
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            std::process::exit(1);
        });
    })
}

/// From here on SIGHUP, such as of a terminal that is closed or of a habit to reload, ends nothing, and is answered by a
/// line of the log.
pub(crate) fn outlive_hangups() -> Result<()> {
    let mut hangups = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;
    #[allow(clippy::disallowed_methods, reason = "it ends with the process and cannot fail")]
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            tracing::warn!("SIGHUP: there is no reload yet, restart the process to apply a changed configuration");
        }
    });
    Ok(())
}
