//! A thread that polls Kafka and hands on what it reads.

use std::sync::Arc;

use super::handover::Handover;
use crate::port::StreamError;

/// Starts the thread. When it ends, however it ends, the handover fails.
///
/// # Errors
/// When there can be no thread.
pub(super) fn start<T: Send + 'static>(
    name: &str,
    handover: &Arc<Handover<T>>,
    run: impl FnOnce() + Send + 'static,
) -> Result<(), StreamError> {
    let guard = Guard(Arc::clone(handover));
    let run = move || {
        let _guard = guard;
        run();
    };
    let away = |error| StreamError::Away(format!("no thread to read with: {error}"));
    std::thread::Builder::new().name(name.to_owned()).spawn(run).map_err(away)?;
    Ok(())
}

struct Guard<T>(Arc<Handover<T>>);

impl<T> Drop for Guard<T> {
    fn drop(&mut self) {
        self.0.fail(StreamError::Away("the reading thread ended".to_owned()));
    }
}
