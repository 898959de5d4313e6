//! Daily sums in Cassandra.
//!
//! Each row is written with its offset + 1 as timestamp, so that Cassandra itself keeps the newest whatever the order
//! of arrival. The first call connects: a process can start while Cassandra is away, and the driver finds it again by
//! itself later.

mod bad_option;
mod connected;
mod consistency;
mod failure;
mod options;
mod replication;
mod rows;
mod schema;
mod write_timestamp;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{self, StreamExt, TryStreamExt};
use rustls::ClientConfig;
use scylla::response::PagingState;
use scylla::serialize::row::SerializeRow;
use scylla::statement::prepared::PreparedStatement;
use scylla::value::{CqlDate, CqlTimestamp, CqlValue};
use tallygate_core::notice::Notice;
use tallygate_core::{Aggregate, Day, Generation, Row};
use tallygate_tls::TlsFiles;
use tokio::sync::OnceCell;
use tokio::time::timeout;

pub use bad_option::BadOption;
pub use consistency::Consistency;
pub use options::{CassandraOptions, Credentials};

use crate::limits::{BATCH_ROWS, BATCHES_IN_FLIGHT};
use crate::port::{Notices, Sums, SumsError};
use crate::timeouts::CONNECT_REQUESTS;
use connected::Connected;
use rows::{StoredGeneration, StoredNotice, StoredRow};

/// The store in Cassandra.
pub struct Cassandra {
    options: CassandraOptions,
    tls: Option<Arc<ClientConfig>>,
    connected: OnceCell<Connected>,
}

impl Cassandra {
    /// Checks the options and reads the files they name; connects at the first call.
    ///
    /// # Errors
    /// [`SumsError::Refused`] naming the option or file that cannot be right.
    pub fn new(options: CassandraOptions) -> Result<Self, SumsError> {
        options.check()?;
        let tls = options.tls.as_ref().map(TlsFiles::client_config).transpose();
        let tls = tls.map_err(|error| SumsError::Refused(format!("tls: {error}")))?.map(Arc::new);
        Ok(Self { options, tls, connected: OnceCell::new() })
    }

    async fn connected(&self) -> Result<&Connected, SumsError> {
        let bound = self.options.request_timeout * CONNECT_REQUESTS;
        let connect = || Connected::open(&self.options, self.tls.clone());
        timeout(bound, self.connected.get_or_try_init(connect)).await.unwrap_or_else(|_| {
            let millis = bound.as_millis();
            Err(SumsError::Away(format!(
                "no connection to {} within {millis} ms",
                self.options.contact_points.join(", ")
            )))
        })
    }
}

#[async_trait]
impl Sums for Cassandra {
    async fn generations(&self) -> Result<Vec<Generation>, SumsError> {
        let connected = self.connected().await?;
        let stored: Vec<StoredGeneration> = pages(connected, &connected.statements.generations, ()).await?;
        let mut generations = stored.into_iter().map(rows::generation).collect::<Result<Vec<_>, _>>()?;
        generations.sort_by_key(|generation| generation.number);
        Ok(generations)
    }

    async fn add_generation(&self, generation: &Generation) -> Result<bool, SumsError> {
        let connected = self.connected().await?;
        let answer = connected
            .session
            .execute_unpaged(&connected.statements.add_generation, rows::store_generation(generation))
            .await
            .map_err(failure::of_execution)?
            .into_rows_result()
            .map_err(failure::unreadable)?;
        let first: scylla::value::Row = answer.first_row().map_err(failure::unreadable)?;
        Ok(matches!(first.columns.first(), Some(Some(CqlValue::Boolean(true)))))
    }

    async fn read(
        &self,
        aggregate: Aggregate,
        day: Day,
        partition: u32,
        key: Option<&str>,
    ) -> Result<Vec<Row>, SumsError> {
        let connected = self.connected().await?;
        let place = (aggregate.as_str(), rows::date(day), rows::int(partition));
        let stored: Vec<StoredRow> = match key {
            None => pages(connected, &connected.statements.read, place).await?,
            Some(key) => {
                let (aggregate, day, partition) = place;
                pages(connected, &connected.statements.read_key, (aggregate, day, partition, key)).await?
            }
        };
        stored.into_iter().map(|stored| rows::row(stored, aggregate, day, partition)).collect()
    }

    async fn upsert(&self, rows: &[Row]) -> Result<(), SumsError> {
        let connected = self.connected().await?;
        let writes: Vec<BoxFuture<'_, _>> =
            rows::batches(rows).into_iter().map(|batch| self.write(connected, batch).boxed()).collect();
        stream::iter(writes).buffer_unordered(BATCHES_IN_FLIGHT).try_collect().await
    }

    async fn days(&self, partition: u32) -> Result<BTreeSet<Day>, SumsError> {
        let connected = self.connected().await?;
        let places: Vec<(String, CqlDate, i32)> = pages(connected, &connected.statements.places, ()).await?;
        let ours = places.into_iter().filter(|(.., number)| *number == rows::int(partition));
        Ok(ours.map(|(_, day, _)| rows::day(day)).collect())
    }
}

#[async_trait]
impl Notices for Cassandra {
    async fn tell(&self, notice: &Notice) -> Result<(), SumsError> {
        let connected = self.connected().await?;
        let values = (&notice.name, &notice.text, CqlTimestamp(notice.at));
        connected.session.execute_unpaged(&connected.statements.tell, values).await.map_err(failure::of_execution)?;
        Ok(())
    }

    async fn notices(&self) -> Result<Vec<Notice>, SumsError> {
        let connected = self.connected().await?;
        let stored: Vec<StoredNotice> = pages(connected, &connected.statements.notices, ()).await?;
        Ok(stored.into_iter().filter_map(rows::notice).collect())
    }
}

impl Cassandra {
    async fn write(&self, connected: &Connected, rows: Vec<&Row>) -> Result<(), SumsError> {
        let fewer = (rows.len() != BATCH_ROWS).then(|| connected::batch(&connected.statements.upsert, rows.len()));
        let decimals: Vec<rows::Decimal> = rows.iter().map(|row| rows::decimal(row.sum)).collect();
        let values: Vec<_> = rows
            .iter()
            .zip(&decimals)
            .map(|(row, sum)| rows::values(row, sum, self.options.write_timestamp(row)))
            .collect();
        connected
            .session
            .batch(fewer.as_ref().unwrap_or(&connected.full_batch), &values)
            .await
            .map_err(failure::of_execution)?;
        Ok(())
    }
}

/// All rows, page by page, each within the request timeout.
async fn pages<T>(
    connected: &Connected,
    statement: &PreparedStatement,
    values: impl SerializeRow,
) -> Result<Vec<T>, SumsError>
where
    T: for<'f> scylla::deserialize::row::DeserializeRow<'f, 'f>,
{
    let (mut all, mut state) = (Vec::new(), PagingState::start());
    loop {
        let (page, next) =
            connected.session.execute_single_page(statement, &values, state).await.map_err(failure::of_execution)?;
        let page = page.into_rows_result().map_err(failure::unreadable)?;
        for row in page.rows::<T>().map_err(failure::unreadable)? {
            all.push(row.map_err(failure::unreadable)?);
        }
        match next.into_paging_control_flow() {
            std::ops::ControlFlow::Break(()) => return Ok(all),
            std::ops::ControlFlow::Continue(next) => state = next,
        }
    }
}
