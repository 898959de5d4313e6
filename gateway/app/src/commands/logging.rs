//! Where a process logs to.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Logs to standard error: what `RUST_LOG` asks for, else what an operator needs.
pub(crate) fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // Another subscriber is there only where a test set one.
    let colours = std::io::stderr().is_terminal();
    let _ =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).try_init();
}
