//! The stream.

use std::sync::Arc;

use prometheus_client::registry::Registry;
#[cfg(feature = "servers")]
use tallygate_embedded::folders::write_whole;
use tallygate_stream::{EmbeddedStream, Stream, StreamError, StreamMetrics};
#[cfg(feature = "servers")]
use tallygate_stream::{KafkaOptions, KafkaStream};

use super::later::Later;
use crate::config::{Config, StreamOptions};
use crate::runtime::give_way;

#[cfg(feature = "servers")]
const INSTANCE: &str = "instance";

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
            let kafka = KafkaOptions { instance: instance(&config.data_dir), ..kafka.clone() };
            Arc::new(KafkaStream::new(kafka, metrics).map_err(refused)?)
        }
    })
}

/// The stream for a process that serves: a file that does not open is no error either.
///
/// # Errors
/// When it can never work as configured.
pub(crate) fn stream_later(config: &Config, registry: &mut Registry) -> anyhow::Result<Arc<dyn Stream>> {
    Ok(match &config.stream {
        StreamOptions::Embedded(embedded) => {
            let (metrics, options) = (StreamMetrics::register(registry), embedded.clone());
            let open = move || {
                give_way();
                EmbeddedStream::open(&options, metrics.clone())
            };
            Arc::new(Later::open(&embedded.path, StreamError::Away, open)?)
        }
        #[cfg(feature = "servers")]
        StreamOptions::Kafka(_) => stream(config, registry)?,
    })
}

/// The name under which the process of this data directory commits, for life; one of its own where none can be kept.
#[cfg(feature = "servers")]
fn instance(data_dir: &std::path::Path) -> String {
    let file = data_dir.join(INSTANCE);
    let kept = std::fs::read_to_string(&file).ok().map(|text| text.trim().to_owned());
    kept.filter(|name| uuid::Uuid::try_parse(name).is_ok()).unwrap_or_else(|| {
        let name = uuid::Uuid::now_v7().simple().to_string();
        if let Err(error) = write_whole(&file, name.as_bytes(), 0o600) {
            tracing::debug!("{}: cannot be kept: {error}", file.display());
        }
        name
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
