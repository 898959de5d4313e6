//! The configuration: one TOML file, read whole and checked whole before anything is bound.

mod backends;
mod document;
mod front;
mod policy;
mod roles;
mod route;
mod units;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tallygate_core::day::Zone;

pub use backends::{
    CassandraConfig, KafkaConfig, QueueConfig, RabbitConfig, StreamConfig, SumsConfig, TlsClientConfig,
};
use document::{Document, Table};
pub use document::{Located, Problem};
pub use front::{
    Certificate, ClientAuth, Credential, Limits, ListenerConfig, PartnerConfig, TlsConfig, UpstreamConfig,
};
pub use policy::PolicyConfig;
pub use roles::{Role, Roles};
pub use route::RouteConfig;

/// Everything the file says, with defaults where it is silent.
#[derive(Debug)]
pub struct Config {
    /// Everything durable that is embedded.
    pub data_dir: PathBuf,
    /// The zone of business days.
    pub zone: Zone,
    /// Its name.
    pub zone_name: String,
    /// Where partners connect.
    pub listeners: Vec<ListenerConfig>,
    /// Who may call.
    pub partners: Vec<PartnerConfig>,
    /// What may be called.
    pub routes: Vec<RouteConfig>,
    /// Where proxy routes lead.
    pub upstreams: Vec<UpstreamConfig>,
    /// The policies by name.
    pub policies: Vec<PolicyConfig>,
    /// The bounds of the partners' side.
    pub limits: Limits,
    /// The queue's backend.
    pub queue: QueueConfig,
    /// The stream's backend.
    pub stream: StreamConfig,
    /// The store's backend.
    pub sums: SumsConfig,
    /// The fold.
    pub aggregator: AggregatorConfig,
    /// Administration, API and console.
    pub admin: Option<AdminConfig>,
    /// Where Prometheus reads.
    pub metrics: Option<SocketAddr>,
}

/// How the fold runs.
#[derive(Debug)]
pub struct AggregatorConfig {
    /// How late a transaction may come, days.
    pub horizon_days: u16,
    /// How far ahead its day may lie, days.
    pub future_days: u16,
    /// The shortest pause between flushes.
    pub flush_every: Duration,
}

/// Where operators connect.
#[derive(Debug)]
pub struct AdminConfig {
    /// The address.
    pub address: SocketAddr,
    /// The server's certificate and key.
    pub tls: TlsConfig,
    /// Name and password hash (PHC string) of each person.
    pub users: Vec<(String, String)>,
    /// The token of programs such as the command line.
    pub token: Option<String>,
    /// The certificate by which the command line knows the server; the server's own when absent.
    pub ca: Option<PathBuf>,
    /// The line it stands on.
    pub line: usize,
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// Everything that is wrong with it, by line.
    pub fn load(file: &Path) -> Result<Self, Vec<Problem>> {
        let whole = |message: String| vec![Problem { file: file.to_owned(), line: 1, key: String::new(), message }];
        let text = std::fs::read_to_string(file).map_err(|e| whole(format!("cannot be read: {e}")))?;
        Self::parse(file, &text)
    }

    fn parse(file: &Path, text: &str) -> Result<Self, Vec<Problem>> {
        let document = Document::new(file, text);
        let parsed = match toml::de::DeTable::parse(text) {
            Ok(parsed) => parsed,
            Err(error) => {
                document.problem("", &error.span().unwrap_or_default(), error.message());
                return Err(document.into_problems());
            }
        };
        let config = Self::read(&Table::root(&document, &parsed));
        let problems = document.into_problems();
        match config {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(problems),
        }
    }

    /// None only when something is missing that a problem was noted for.
    fn read(root: &Table<'_>) -> Option<Self> {
        let data_dir = root.path("data_dir").map_or_else(|| root.document().folder().join("data"), |path| path.value);
        let zone_name = root.string("time_zone").map_or_else(|| "UTC".to_owned(), |zone| zone.value);
        let zone = root.parsed("time_zone").map(|zone| zone.value).or_else(|| "UTC".parse().ok());
        let front = front::read(root);
        let aggregator = aggregator(root);
        let queue = backends::queue(root);
        let stream = backends::stream(root);
        let sums = backends::sums(root);
        let admin = root.table("admin").and_then(admin);
        let metrics = root.table("metrics").and_then(|table| {
            let address = address(&table);
            table.close();
            address
        });
        root.close();
        let front = front?;
        Some(Self {
            data_dir,
            zone: zone?,
            zone_name,
            listeners: front.listeners,
            partners: front.partners,
            routes: front.routes,
            upstreams: front.upstreams,
            policies: front.policies,
            limits: front.limits,
            queue: queue?,
            stream: stream?,
            sums: sums?,
            aggregator,
            admin,
            metrics,
        })
    }
}

fn aggregator(root: &Table<'_>) -> AggregatorConfig {
    let mut config = AggregatorConfig { horizon_days: 7, future_days: 7, flush_every: Duration::from_millis(20) };
    if let Some(table) = root.table("aggregator") {
        let days = |key, default| table.number(key, 0..=366).map_or(default, |days| days as u16);
        config.horizon_days = days("horizon_days", config.horizon_days);
        config.future_days = days("future_days", config.future_days);
        config.flush_every = table.duration("flush_every").unwrap_or(config.flush_every);
        table.close();
    }
    config
}

fn admin(table: Table<'_>) -> Option<AdminConfig> {
    let address = address(&table);
    let tls = table.table("tls").and_then(|tls| front::tls(tls, false));
    if !table.has("tls") {
        table.problem("\"tls\" is missing: passwords go over HTTPS alone");
    }
    let mut users = Vec::new();
    for user in table.tables("users") {
        if let (Some(name), Some(hash)) = (user.required("name"), user.required("password_hash")) {
            if !hash.value.starts_with("$argon2") {
                user.document()
                    .problem_with(&hash, "must be an Argon2 hash in PHC form, as `tallygate cert` writes one");
            }
            users.push((name.value, hash.value));
        }
        user.close();
    }
    let token = table.string("token").map(|token| token.value);
    let ca = table.file("ca").map(|ca| ca.value);
    let line = table.line();
    table.close();
    Some(AdminConfig { address: address?, tls: tls?, users, token, ca, line })
}

/// The `address` of a table, such as `127.0.0.1:8443`.
fn address(table: &Table<'_>) -> Option<SocketAddr> {
    let text = table.required("address")?;
    match text.value.parse() {
        Ok(address) => Some(address),
        Err(_) => {
            table
                .document()
                .problem_with(&text, format_args!("{:?} is no address, such as 127.0.0.1:8443", text.value));
            None
        }
    }
}

#[cfg(test)]
mod tests;
