//! The configuration: one TOML file, read whole and checked whole before anything is bound.

mod address;
mod admin;
mod aggregator;
mod backend;
#[cfg(feature = "servers")]
mod client_tls;
mod document;
mod front;
mod journal;
mod limits;
mod listener;
mod nearest;
mod partner;
mod places;
mod policy;
mod problem;
mod queue;
mod route;
mod server_tls;
mod stream;
mod sums;
mod table;
mod units;
mod upstream;
mod values;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tallygate_aggregator::AggregatorOptions;
use tallygate_core::Day;
use tallygate_core::generation::{FOLD_RULES, Plan};
use tallygate_front::FrontOptions;
use tallygate_front::registry::RegistryOptions;
use tallygate_shipper::ShipperOptions;
use toml::de::DeTable;

pub use admin::AdminOptions;
use document::Document;
pub use places::Places;
pub use problem::Problem;
pub use queue::QueueOptions;
pub use stream::StreamOptions;
pub use sums::SumsOptions;
use table::Table;

/// Everything the file says, with defaults where it is silent, as what is built from it wants it.
pub struct Config {
    /// Everything durable that is embedded.
    pub data_dir: PathBuf,
    /// The partners' side.
    pub front: FrontOptions,
    /// Where its listeners listen, in their order.
    pub addresses: Vec<SocketAddr>,
    /// The policies.
    pub policies: RegistryOptions,
    /// The queue's backend.
    pub queue: QueueOptions,
    /// The way from the queue into the stream.
    pub shipper: ShipperOptions,
    /// The stream's backend.
    pub stream: StreamOptions,
    /// Days that the fold may lag behind the log.
    pub lag_days: u16,
    /// The store's backend.
    pub sums: SumsOptions,
    /// What the log must stay.
    pub plan: Plan,
    /// The fold.
    pub aggregator: AggregatorOptions,
    /// Administration, API and console.
    pub admin: Option<AdminOptions>,
    /// Where Prometheus reads.
    pub metrics: Option<SocketAddr>,
    /// Where all this stands in the file.
    pub places: Places,
}

impl Config {
    /// Reads and checks a file, and the certificates and keys that it names.
    ///
    /// # Errors
    /// Everything that is wrong with it, by line.
    pub fn load(file: &Path) -> Result<Self, Vec<Problem>> {
        let whole = |message: String| vec![Problem { file: file.to_owned(), line: 1, key: String::new(), message }];
        let text = std::fs::read_to_string(file).map_err(|e| whole(format!("cannot be read: {e}")))?;
        Self::parse(file, &text)
    }

    /// Today's business day.
    pub fn today(&self) -> Day {
        let now = jiff::Timestamp::now().to_string().parse();
        now.map_or_else(|_| Day::of_unix_millis(0), |moment| self.front.zone.day(moment))
    }

    fn parse(file: &Path, text: &str) -> Result<Self, Vec<Problem>> {
        let parsed = DeTable::parse(text).map_err(|error| {
            let line = places::Lines::of(text).line(error.span().unwrap_or_default().start);
            vec![Problem { file: file.to_owned(), line, key: String::new(), message: error.message().to_owned() }]
        })?;
        let places = Places::of(file, text, parsed.get_ref());
        let document = Document::new(&places);
        let config = Self::read(&Table::root(&document, parsed.get_ref()), &places);
        let problems = document.into_problems();
        match config {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(problems),
        }
    }

    /// None only when something is missing that a problem was noted for.
    fn read(root: &Table<'_>, places: &Places) -> Option<Self> {
        let data_dir = root.path("data_dir").map_or_else(|| root.document().folder().join("data"), |path| path.value);
        let mut aggregator = aggregator::read(root, &data_dir);
        let sections = root.sections("policies");
        let mut policies = RegistryOptions {
            dir: data_dir.join("policies"),
            policies: sections.into_iter().map(|(name, table)| policy::read(name, &table)).collect(),
            chains: Vec::new(),
            retry_after: Duration::ZERO,
        };
        let queue = queue::read(root, &data_dir);
        let stream = stream::read(root, &data_dir);
        let mut limits = limits::read(root);
        journal::read(root, aggregator.horizon, stream.as_ref(), &mut limits);
        let front = front::read(root, &data_dir, aggregator.horizon, limits, &policies.names());
        let sums = sums::read(root, &data_dir);
        let admin = root.table("admin").and_then(|table| admin::read(&table));
        let metrics = root.table("metrics").and_then(|table| {
            let address = address::read(&table);
            table.close();
            address
        });
        root.close();
        let (front, addresses) = front?;
        policies.chains = front.routes.iter().map(|route| (route.name.clone(), route.policies.clone())).collect();
        policies.retry_after = front.limits.retry_after;
        let stream::Log { options: stream, partition_by, lag_days } = stream?;
        aggregator.lag_days = lag_days;
        let plan = Plan {
            topic: stream.topic().to_owned(),
            partitions: stream.partitions(),
            partition_by,
            horizon_days: aggregator.horizon.past,
            future_days: aggregator.horizon.future,
            fold_rules: FOLD_RULES,
            group: stream.group().to_owned(),
        };
        Some(Self {
            data_dir,
            front,
            addresses,
            policies,
            queue: queue?,
            shipper: ShipperOptions::default(),
            stream,
            lag_days,
            sums: sums?,
            plan,
            aggregator,
            admin,
            metrics,
            places: places.clone(),
        })
    }
}

/// Nothing of what the file says, since there are secrets among it.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("file", &self.places.file()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
