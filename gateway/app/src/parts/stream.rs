//! The stream.

use std::sync::Arc;

use prometheus_client::registry::Registry;
#[cfg(feature = "servers")]
use tallygate_stream::KafkaStream;
use tallygate_stream::{EmbeddedStream, Stream, StreamError, StreamMetrics};

use crate::config::{Config, StreamOptions};

/// Opens the stream. A server that is away is no error.
///
/// # Errors
/// When it can never work as configured.
pub fn stream(config: &Config, registry: &mut Registry) -> Result<Arc<dyn Stream>, StreamError> {
    let metrics = StreamMetrics::register(registry);
    Ok(match &config.stream {
        StreamOptions::Embedded(embedded) => Arc::new(EmbeddedStream::open(embedded, metrics)?),
        #[cfg(feature = "servers")]
        StreamOptions::Kafka(kafka) => {
            let refused = |bad: tallygate_stream::BadOption| StreamError::Refused(bad.to_string());
            Arc::new(KafkaStream::new(kafka.clone(), metrics).map_err(refused)?)
        }
    })
}

/// The stream for a command that reads beside a running process.
///
/// # Errors
/// When there is none.
pub fn read_stream(config: &Config) -> Result<Arc<dyn Stream>, StreamError> {
    match &config.stream {
        StreamOptions::Embedded(embedded) => Ok(Arc::new(EmbeddedStream::open_read_only(&embedded.path)?)),
        #[cfg(feature = "servers")]
        StreamOptions::Kafka(_) => stream(config, &mut Registry::default()),
    }
}

/// How many partitions an embedded log was made with, once it was made; they are for life.
pub(crate) fn made_partitions(config: &Config) -> Option<u32> {
    match &config.stream {
        StreamOptions::Embedded(embedded) => {
            EmbeddedStream::open_read_only(&embedded.path).ok().map(|stream| stream.partitions())
        }
        #[cfg(feature = "servers")]
        StreamOptions::Kafka(_) => None,
    }
}
