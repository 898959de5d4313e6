//! Where a process logs to.

use std::io::IsTerminal;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Logs to standard error: what `RUST_LOG` asks for, such as `warn,tallygate_front=debug`, else what an operator needs.
pub(crate) fn log_to_stderr() {
    let asked = std::env::var("RUST_LOG").ok().and_then(|targets| targets.parse::<Targets>().ok());
    let filter = asked.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let lines = fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr);
    // Another subscriber is there only where a test set one.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
}
