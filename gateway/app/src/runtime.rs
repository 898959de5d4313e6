//! The runtimes that commands work in.

use anyhow::{Context, Result};
use tokio::runtime::{Builder, Runtime};

/// For a command that asks a server something.
///
/// # Errors
/// When the system gives no threads.
pub(crate) fn small_runtime() -> Result<Runtime> {
    Builder::new_current_thread().enable_all().build().context("cannot start a runtime")
}

/// For a process that runs roles.
///
/// # Errors
/// When the system gives no threads.
pub fn whole_runtime() -> Result<Runtime> {
    Builder::new_multi_thread().enable_all().build().context("cannot start a runtime")
}
