//! `tallygate run`.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::app::{App, Sockets};
use crate::config::{Config, Roles};
use crate::faults::Fault;

pub(crate) fn run(config: Config, roles: Roles) -> Result<ExitCode> {
    log_to_stderr();
    let fault = Fault::from_environment()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start a runtime")?;
    runtime.block_on(async {
        let config = Arc::new(config);
        let sockets = Sockets::bind(&config, &roles)?;
        let app = App::start(&config, &roles, sockets, fault)?;
        tracing::info!(%roles, "running");
        app.run(told_to_stop()?).await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Logs to standard error: what `RUST_LOG` asks for, else what an operator needs.
pub(crate) fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // Another subscriber is there only where a test set one.
    let colours = std::io::stderr().is_terminal();
    let _ =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).try_init();
}

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
