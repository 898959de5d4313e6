//! Where a process logs to, and that neither a log nor a panic can stop it.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fs::File;
use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::panic::PanicHookInfo;
use std::sync::OnceLock;

use anyhow::{Context, Result};
use prometheus_client::metrics::counter::Counter;
use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::lossy::Lossy;

/// What a panic is logged as.
const PANIC: &str = "tallygate::panic";

/// The log of this process, once it has one.
static LOG: OnceLock<Lossy> = OnceLock::new();

/// Logs to standard error: what `RUST_LOG` asks for, such as `warn,tallygate_front=debug`, else what an operator needs, from
/// the level `otherwise` on. Nobody waits for whoever reads it.
///
/// # Errors
/// When the system gives no thread or no file descriptor.
pub fn log_to_stderr(otherwise: LevelFilter) -> Result<()> {
    let stderr = std::io::stderr();
    let colours = stderr.is_terminal();
    // Not by std's own way to it, which has a lock that whoever waits for a reader would hold.
    let file = File::from(stderr.as_fd().try_clone_to_owned().context("cannot open standard error")?);
    let log = Lossy::start("log", file).context("cannot start the log's thread")?;
    let log = LOG.get_or_init(|| log);
    let asked = std::env::var("RUST_LOG").ok().and_then(|targets| targets.parse::<Targets>().ok());
    let filter = asked.unwrap_or_else(|| Targets::new().with_default(otherwise));
    let lines = fmt::layer().with_ansi(colours).with_writer(|| log.clone());
    // Another subscriber is there only where a test set one.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
    std::panic::set_hook(Box::new(tell));
    Ok(())
}

/// The log, where this process has one.
pub(crate) fn log() -> Option<&'static Lossy> {
    LOG.get()
}

/// The lines of the log that were dropped.
pub(crate) fn dropped() -> Counter {
    log().map(Lossy::dropped).unwrap_or_default()
}

/// A panic is a line like others: std would write it to standard error itself, and wait there for a reader.
fn tell(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    let why = panic.payload_as_str().unwrap_or("what it said is no text");
    // Captured only where RUST_BACKTRACE asks for it.
    let backtrace = Backtrace::capture();
    let backtrace = match backtrace.status() {
        BacktraceStatus::Captured => format!("\n{backtrace}"),
        _ => String::new(),
    };
    if tracing::enabled!(target: PANIC, Level::ERROR) {
        tracing::error!(target: PANIC, thread, at, "panicked: {why}{backtrace}");
    } else if let Some(log) = log() {
        log.line(format!("thread {thread} panicked at {at}: {why}{backtrace}\n").as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_is_a_line_of_the_log() {
        let kept = Kept::default();
        let writer = kept.clone();
        let layer = fmt::layer().with_ansi(false).with_writer(move || writer.clone());
        let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(tell));
        let _ = std::panic::catch_unwind(|| panic!("a worker fell over"));
        std::panic::set_hook(before);
        let line = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert!(line.contains("ERROR tallygate::panic: panicked: a worker fell over"), "{line}");
        assert!(line.contains("logging.rs"), "{line}");
    }
}
