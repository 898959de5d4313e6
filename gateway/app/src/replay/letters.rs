//! Where the letters that are replayed are looked up.

use std::sync::Arc;

use tallygate_stream::{Stream, StreamError};
use tokio::sync::OnceCell;

use crate::config::Config;
use crate::parts;

/// The stream with the dead letters.
pub(crate) struct Letters {
    config: Arc<Config>,
    stream: OnceCell<Arc<dyn Stream>>,
}

impl Letters {
    /// The stream that the process has; one without is opened when it is asked for.
    pub(crate) fn new(config: Arc<Config>, stream: Option<Arc<dyn Stream>>) -> Self {
        Self { config, stream: OnceCell::new_with(stream) }
    }

    /// The stream.
    ///
    /// # Errors
    /// When it can never work as configured.
    pub(super) async fn stream(&self) -> Result<&Arc<dyn Stream>, StreamError> {
        self.stream.get_or_try_init(async || parts::read_stream(&self.config)).await
    }
}
