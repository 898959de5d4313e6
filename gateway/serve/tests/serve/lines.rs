//! The lines that the server logs on a test's own thread.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;

/// What has been logged.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// Those of the default level and above, until the guard is dropped.
    pub(crate) fn kept() -> (Self, DefaultGuard) {
        let lines = Self::default();
        let kept = lines.clone();
        let layer = fmt::layer().with_ansi(false).with_writer(move || kept.clone());
        let filter = Targets::new().with_default(LevelFilter::INFO);
        let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(filter).with(layer));
        (lines, guard)
    }

    /// Those with this text.
    pub(crate) fn with(&self, text: &str) -> Vec<String> {
        let all = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        all.lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
    }

    /// The first one with this text, once it is there.
    pub(crate) async fn wait_for(&self, text: &str) -> String {
        let began = Instant::now();
        loop {
            if let Some(line) = self.with(text).pop() {
                return line;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "no line says {text:?}: {:?}", self.with(""));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
