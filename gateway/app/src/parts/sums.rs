//! The store of sums.

use std::sync::Arc;

#[cfg(feature = "servers")]
use tallygate_sums::{Cassandra, CassandraOptions};
use tallygate_sums::{EmbeddedSums, Sums, SumsError};

use super::later::Later;
use crate::config::{Config, SumsOptions};
use crate::runtime::give_way;

/// Opens the store. A server that is away is no error.
///
/// # Errors
/// When it can never work as configured.
pub fn sums(config: &Config) -> Result<Arc<dyn Sums>, SumsError> {
    Ok(match &config.sums {
        SumsOptions::Embedded(embedded) => Arc::new(EmbeddedSums::open(embedded)?),
        #[cfg(feature = "servers")]
        SumsOptions::Cassandra(cassandra) => Arc::new(Cassandra::new(CassandraOptions::clone(cassandra))?),
    })
}

/// The store for a process that serves: a file that does not open is no error either.
///
/// # Errors
/// When it can never work as configured.
pub(crate) fn sums_later(config: &Config) -> anyhow::Result<Arc<dyn Sums>> {
    Ok(match &config.sums {
        SumsOptions::Embedded(embedded) => {
            let options = embedded.clone();
            let open = move || {
                give_way();
                EmbeddedSums::open(&options)
            };
            Arc::new(Later::open(&embedded.path, SumsError::Away, open)?)
        }
        #[cfg(feature = "servers")]
        SumsOptions::Cassandra(_) => sums(config)?,
    })
}

/// The store for a command that reads beside a running process.
///
/// # Errors
/// When there is none.
pub fn read_sums(config: &Config) -> Result<Arc<dyn Sums>, SumsError> {
    match &config.sums {
        SumsOptions::Embedded(embedded) => Ok(Arc::new(EmbeddedSums::open_read_only(&embedded.path)?)),
        #[cfg(feature = "servers")]
        SumsOptions::Cassandra(_) => sums(config),
    }
}
