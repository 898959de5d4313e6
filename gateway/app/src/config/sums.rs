//! `[sums]`: the store.

use std::path::Path;

use tallygate_sums::EmbeddedSumsOptions;
#[cfg(feature = "servers")]
use tallygate_sums::{CassandraOptions, Credentials};

use super::backend;
#[cfg(feature = "servers")]
use super::client_tls;
use super::table::Table;

/// The store's backend.
pub enum SumsOptions {
    /// SQLite.
    Embedded(EmbeddedSumsOptions),
    /// Cassandra.
    #[cfg(feature = "servers")]
    Cassandra(Box<CassandraOptions>),
}

const FILE: &str = "sums.db";

/// None when something is wrong that a problem was noted for.
pub(super) fn read(root: &Table<'_>, data_dir: &Path) -> Option<SumsOptions> {
    let embedded = SumsOptions::Embedded(EmbeddedSumsOptions::new(data_dir.join(FILE)));
    let Some(table) = root.table("sums") else { return Some(embedded) };
    let options = match backend::chosen(&table, ["embedded", "cassandra"])? {
        #[cfg(feature = "servers")]
        "cassandra" => SumsOptions::Cassandra(Box::new(cassandra(&table))),
        _ => embedded,
    };
    table.close();
    Some(options)
}

#[cfg(feature = "servers")]
fn cassandra(table: &Table<'_>) -> CassandraOptions {
    table.must_have("contact_points", ", such as [\"127.0.0.1:9042\"]");
    let points = table.strings("contact_points").unwrap_or_default();
    let mut options = CassandraOptions::new(points.into_iter().map(|point| point.value).collect());
    if let Some(keyspace) = table.string("keyspace") {
        options.keyspace = keyspace.value;
    }
    if let Some(replication) = table.properties("replication") {
        options.replication = replication.into_iter().collect();
    }
    if let Some(consistency) = table.parsed("consistency") {
        options.consistency = consistency.value;
    }
    options.datacenter = table.string("datacenter").map(|datacenter| datacenter.value);
    let (user, password) = (table.string("user"), table.string("password"));
    if table.has("user") != table.has("password") {
        table.problem("\"user\" and \"password\" go together");
    }
    options.credentials =
        user.zip(password).map(|(user, password)| Credentials { user: user.value, password: password.value });
    options.tls = table.table("tls").map(|tls| client_tls::read(&tls));
    if let Err(bad) = options.check() {
        table.document().also(&table.path_of(&bad.option), bad.problem);
    }
    options
}
