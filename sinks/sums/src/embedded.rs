//! Daily sums in a SQLite file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use tallygate_core::generation::Plan;
use tallygate_core::notice::Notice;
use tallygate_core::{Aggregate, Day, Generation, Row, RowKey};
use tallygate_embedded::rusqlite::types::Type;
use tallygate_embedded::rusqlite::{self, Connection, Transaction, params};
use tallygate_embedded::{Database, DatabaseError, Durability, Write};

use crate::embedded_file::EmbeddedFile;
use crate::limits::{EMBEDDED_ROWS, ROW_BYTES};
use crate::port::{Notices, Sums, SumsError};

/// Where the file is.
#[derive(Clone, Debug)]
pub struct EmbeddedSumsOptions {
    /// The file; it and its directory are made when missing.
    pub path: PathBuf,
    /// Lets older rows overwrite newer ones, to prove that tests would notice.
    #[cfg(feature = "faults")]
    pub without_fence: bool,
}

/// The store in a file. Clones share it.
#[derive(Clone)]
pub struct EmbeddedSums {
    file: Arc<EmbeddedFile>,
    upsert: &'static str,
}

// Sums stand as decimal text: exact, and readable with any SQLite shell.
const SCHEMA: &str = r#"
CREATE TABLE IF NOT EXISTS daily_sums (
    aggregate TEXT NOT NULL,
    day TEXT NOT NULL,
    "partition" INTEGER NOT NULL,
    "key" TEXT NOT NULL,
    currency TEXT NOT NULL,
    sum TEXT NOT NULL,
    count INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (aggregate, day, "partition", "key", currency)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS generations (
    number INTEGER PRIMARY KEY,
    first_partition INTEGER NOT NULL,
    topic TEXT NOT NULL,
    partitions INTEGER NOT NULL,
    partition_by TEXT NOT NULL,
    horizon_days INTEGER NOT NULL,
    future_days INTEGER NOT NULL,
    fold_rules INTEGER NOT NULL,
    log TEXT NOT NULL DEFAULT '00000000000000000000000000000000',
    reader_group TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE IF NOT EXISTS notices (name TEXT PRIMARY KEY, text TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
"#;

const UPSERT: &str = r#"
INSERT INTO daily_sums (aggregate, day, "partition", "key", currency, sum, count, "offset", updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT DO UPDATE SET
    sum = excluded.sum, count = excluded.count, "offset" = excluded."offset", updated_at = excluded.updated_at
WHERE excluded."offset" >= daily_sums."offset"
"#;

#[cfg(feature = "faults")]
const UPSERT_WITHOUT_FENCE: &str = r#"
INSERT OR REPLACE INTO daily_sums (aggregate, day, "partition", "key", currency, sum, count, "offset", updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
"#;

const READ: &str = r#"
SELECT "key", currency, sum, count, "offset", updated_at FROM daily_sums
WHERE aggregate = ?1 AND day = ?2 AND "partition" = ?3 AND (?4 IS NULL OR "key" = ?4)
ORDER BY "key", currency
"#;

/// From day to day, whatever stands between: the rows of one day may be very many.
const DAYS: &str = r#"
WITH RECURSIVE stored (day) AS (
    SELECT min(day) FROM daily_sums WHERE aggregate = ?1
    UNION ALL
    SELECT (SELECT min(day) FROM daily_sums WHERE aggregate = ?1 AND day > stored.day) FROM stored
    WHERE stored.day IS NOT NULL
)
SELECT day FROM stored WHERE day IS NOT NULL
    AND EXISTS (SELECT 1 FROM daily_sums WHERE aggregate = ?1 AND day = stored.day AND "partition" = ?2)
"#;

const GENERATIONS: &str = "
SELECT number, first_partition, topic, partitions, partition_by, horizon_days, future_days, fold_rules, log, reader_group
FROM generations ORDER BY number
";

const ADD_GENERATION: &str = "
INSERT OR IGNORE INTO generations
    (number, first_partition, topic, partitions, partition_by, horizon_days, future_days, fold_rules, log, reader_group)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
";

impl EmbeddedSumsOptions {
    /// The store in this file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            #[cfg(feature = "faults")]
            without_fence: false,
        }
    }
}

impl EmbeddedSums {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// [`SumsError::Refused`] when it cannot be made or is no such file.
    pub fn open(options: &EmbeddedSumsOptions) -> Result<Self, SumsError> {
        let file = Arc::new(EmbeddedFile::open(&options.path, open)?);
        #[cfg(feature = "faults")]
        if options.without_fence {
            let upsert = UPSERT_WITHOUT_FENCE;
            return Ok(Self { file, upsert });
        }
        Ok(Self { file, upsert: UPSERT })
    }

    /// Opens the file for reading alone, also while another process writes it; writing is refused.
    ///
    /// # Errors
    /// [`SumsError::Refused`] when there is no such file yet, or it is none of ours.
    pub fn open_read_only(path: &Path) -> Result<Self, SumsError> {
        let file = Arc::new(EmbeddedFile::open(path, |path| Database::open_read_only(path))?);
        Ok(Self { file, upsert: UPSERT })
    }

    async fn read_with<T, F>(&self, work: F) -> Result<T, SumsError>
    where
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let database = self.file.database()?;
        Ok(database.read(work).await?)
    }

    async fn write_with<T, F>(&self, work: F) -> Result<T, SumsError>
    where
        F: FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let database = self.file.database()?;
        Ok(database.write(work).await?)
    }
}

#[async_trait]
impl Sums for EmbeddedSums {
    async fn generations(&self) -> Result<Vec<Generation>, SumsError> {
        self.read_with(|connection| {
            let mut statement = connection.prepare_cached(GENERATIONS)?;
            statement.query_map([], generation)?.collect()
        })
        .await
    }

    async fn add_generation(&self, generation: &Generation) -> Result<bool, SumsError> {
        let Generation { number, first_partition, log, plan } = generation.clone();
        self.write_with(move |transaction| {
            let added = transaction.prepare_cached(ADD_GENERATION)?.execute(params![
                number,
                first_partition,
                plan.topic,
                plan.partitions,
                plan.partition_by.to_string(),
                plan.horizon_days,
                plan.future_days,
                plan.fold_rules,
                log.to_string(),
                plan.group,
            ])?;
            Ok(added == 1)
        })
        .await
    }

    async fn read(
        &self,
        aggregate: Aggregate,
        day: Day,
        partition: u32,
        key: Option<&str>,
    ) -> Result<Vec<Row>, SumsError> {
        let key = key.map(str::to_owned);
        self.read_with(move |connection| {
            let mut statement = connection.prepare_cached(READ)?;
            let place = params![aggregate.as_str(), day.to_string(), partition, key];
            statement.query_map(place, |row| read_row(row, aggregate, day, partition))?.collect()
        })
        .await
    }

    async fn upsert(&self, rows: &[Row]) -> Result<(), SumsError> {
        for rows in rows.chunks(EMBEDDED_ROWS) {
            let (rows, upsert) = (rows.to_vec(), self.upsert);
            let bytes = rows.iter().map(|row| ROW_BYTES + row.at.key.len()).sum();
            let write = Write::new(move |transaction| write_rows(transaction, upsert, &rows)).of_bytes(bytes);
            self.file.database()?.submit(write).await?;
        }
        Ok(())
    }

    async fn days(&self, partition: u32) -> Result<BTreeSet<Day>, SumsError> {
        self.read_with(move |connection| {
            let mut statement = connection.prepare_cached(DAYS)?;
            let mut days = BTreeSet::new();
            for aggregate in Aggregate::ALL {
                for day in statement.query_map(params![aggregate.as_str(), partition], |row| parse(row, 0))? {
                    days.insert(day?);
                }
            }
            Ok(days)
        })
        .await
    }
}

#[async_trait]
impl Notices for EmbeddedSums {
    async fn tell(&self, notice: &Notice) -> Result<(), SumsError> {
        let Notice { name, text, at } = notice.clone();
        self.write_with(move |transaction| {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO notices (name, text, at) VALUES (?1, ?2, ?3)")?
                .execute(params![name, text, at])
                .map(drop)
        })
        .await
    }

    async fn notices(&self) -> Result<Vec<Notice>, SumsError> {
        self.read_with(|connection| {
            let mut statement = connection.prepare_cached("SELECT name, text, at FROM notices ORDER BY name")?;
            let notice = |row: &rusqlite::Row<'_>| Ok(Notice { name: row.get(0)?, text: row.get(1)?, at: row.get(2)? });
            statement.query_map([], notice)?.collect()
        })
        .await
    }
}

impl From<DatabaseError> for SumsError {
    fn from(error: DatabaseError) -> Self {
        if error.is_retryable() { Self::Away(error.to_string()) } else { Self::Refused(error.to_string()) }
    }
}

fn open(path: &Path) -> Result<Database, DatabaseError> {
    let database = Database::open(path, SCHEMA, Durability::Synced)?;
    database.write_blocking(add_columns)?;
    Ok(database)
}

/// Columns that a file of an earlier release lacks.
fn add_columns(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let there = "SELECT count(*) FROM pragma_table_info('generations') WHERE name = ?";
    for (column, definition) in [
        ("log", "TEXT NOT NULL DEFAULT '00000000000000000000000000000000'"),
        ("reader_group", "TEXT NOT NULL DEFAULT ''"),
    ] {
        if transaction.query_row(there, [column], |row| row.get::<_, u32>(0))? == 0 {
            transaction.execute_batch(&format!("ALTER TABLE generations ADD COLUMN {column} {definition}"))?;
        }
    }
    Ok(())
}

fn write_rows(transaction: &Transaction<'_>, upsert: &str, rows: &[Row]) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(upsert)?;
    for row in rows {
        statement.execute(params![
            row.at.aggregate.as_str(),
            row.at.day.to_string(),
            row.at.partition,
            row.at.key,
            row.at.currency.as_str(),
            row.sum.to_string(),
            signed(row.count),
            signed(row.offset),
            row.updated_at,
        ])?;
    }
    Ok(())
}

fn read_row(row: &rusqlite::Row<'_>, aggregate: Aggregate, day: Day, partition: u32) -> rusqlite::Result<Row> {
    Ok(Row {
        at: RowKey { aggregate, day, partition, key: row.get(0)?, currency: parse(row, 1)? },
        sum: parse(row, 2)?,
        count: unsigned(row, 3)?,
        offset: unsigned(row, 4)?,
        updated_at: row.get(5)?,
    })
}

fn generation(row: &rusqlite::Row<'_>) -> rusqlite::Result<Generation> {
    let partition_by = row.get_ref(4)?.as_str()?.parse();
    Ok(Generation {
        number: row.get(0)?,
        first_partition: row.get(1)?,
        plan: Plan {
            topic: row.get(2)?,
            partitions: row.get(3)?,
            partition_by: partition_by.map_err(|e: String| unreadable(4, e.into()))?,
            horizon_days: row.get(5)?,
            future_days: row.get(6)?,
            fold_rules: row.get(7)?,
            group: row.get(9)?,
        },
        log: parse(row, 8)?,
    })
}

/// SQLite's integers end at 2^63, and so do offsets and what can ever be counted.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

fn parse<T>(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let text = row.get_ref(column)?.as_str()?;
    text.parse().map_err(|e: T::Err| unreadable(column, Box::new(e)))
}

fn unreadable(column: usize, error: Box<dyn std::error::Error + Send + Sync>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error)
}

#[cfg(test)]
mod tests;
