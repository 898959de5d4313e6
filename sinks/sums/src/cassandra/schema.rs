//! The keyspace and its tables: made when missing, checked when there.

use std::collections::BTreeMap;

use scylla::client::session::Session;
use scylla::policies::load_balancing::{NodeIdentifier, SingleTargetLoadBalancingPolicy};
use scylla::response::query_result::QueryRowsResult;
use scylla::serialize::row::SerializeRow;
use scylla::statement::Statement;

use super::failure;
use super::options::CassandraOptions;
use super::replication::Replication;
use crate::port::SumsError;

/// A column: name, type, its kind and its place among those of its kind, as Cassandra's own tables name them.
type Column = (&'static str, &'static str, &'static str, i32);

struct Table {
    name: &'static str,
    columns: &'static [Column],
    definition: &'static str,
}

const DAILY_SUMS: Table = Table {
    name: "daily_sums",
    columns: &[
        ("aggregate", "text", "partition_key", 0),
        ("day", "date", "partition_key", 1),
        ("partition", "int", "partition_key", 2),
        ("key", "text", "clustering", 0),
        ("currency", "text", "clustering", 1),
        ("sum", "decimal", "regular", -1),
        ("count", "bigint", "regular", -1),
        ("offset", "bigint", "regular", -1),
        ("updated_at", "timestamp", "regular", -1),
    ],
    definition: r#"aggregate text, day date, partition int, key text, currency text, sum decimal, count bigint,
        "offset" bigint, updated_at timestamp, PRIMARY KEY ((aggregate, day, partition), key, currency)"#,
};

const GENERATIONS: Table = Table {
    name: "generations",
    columns: &[
        ("number", "int", "partition_key", 0),
        ("first_partition", "int", "regular", -1),
        ("topic", "text", "regular", -1),
        ("partitions", "int", "regular", -1),
        ("partition_by", "text", "regular", -1),
        ("horizon_days", "int", "regular", -1),
        ("future_days", "int", "regular", -1),
        ("fold_rules", "int", "regular", -1),
        ("log", "text", "regular", -1),
        ("reader_group", "text", "regular", -1),
    ],
    definition: "number int PRIMARY KEY, first_partition int, topic text, partitions int, partition_by text,
        horizon_days int, future_days int, fold_rules int, log text, reader_group text",
};

const NOTICES: Table = Table {
    name: "notices",
    columns: &[
        ("name", "text", "partition_key", 0),
        ("text", "text", "regular", -1),
        ("at", "timestamp", "regular", -1),
    ],
    definition: "name text PRIMARY KEY, text text, at timestamp",
};

/// Looks before it makes anything, so that a user without the right to make tables can use those that are there.
pub(super) async fn prepare(session: &Session, options: &CassandraOptions) -> Result<(), SumsError> {
    let keyspace = &options.keyspace;
    let schema = Schema::of(session);
    let mut found = schema.replication(keyspace).await?;
    if found.is_none() {
        let pairs: Vec<String> =
            options.replication.iter().map(|(name, value)| format!("'{name}': '{value}'")).collect();
        let pairs = pairs.join(", ");
        schema.change(format!("CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = {{{pairs}}}")).await?;
        found = schema.replication(keyspace).await?;
    }
    // None only as long as the node asked has not heard of it.
    if let Some(found) = found {
        Replication::read(&found)?.check(keyspace, options.consistency, options.datacenter.as_deref())?;
    }
    for table in [&DAILY_SUMS, &GENERATIONS, &NOTICES] {
        let Table { name, definition, .. } = table;
        if schema.columns(keyspace, name).await?.is_empty() {
            schema.change(format!("CREATE TABLE IF NOT EXISTS {keyspace}.{name} ({definition})")).await?;
        }
        check(keyspace, table, &schema.columns(keyspace, name).await?)?;
    }
    Ok(())
}

/// Columns that are not ours are let be, unless they are part of the key.
fn check(keyspace: &str, table: &Table, found: &BTreeMap<String, (String, String, i32)>) -> Result<(), SumsError> {
    let name = table.name;
    let wanted = |column: &str| table.columns.iter().find(|(name, ..)| *name == column);
    for (column, kind, role, place) in table.columns {
        let wanted = (kind.to_string(), role.to_string(), *place);
        match found.get(*column) {
            Some(found) if *found == wanted => {}
            Some((kind, role, place)) => {
                return Err(SumsError::Refused(format!(
                    "table {keyspace}.{name}: column {column} is {kind} ({role} {place}), {} ({} {}) would be right; let \
                     another keyspace be configured, or move the table away",
                    wanted.0, wanted.1, wanted.2
                )));
            }
            None => {
                return Err(SumsError::Refused(format!(
                    "table {keyspace}.{name} has no column {column} {kind}; let another keyspace be configured, or move \
                     the table away"
                )));
            }
        }
    }
    let stranger =
        found.iter().find(|(column, (_, role, _))| role != "regular" && role != "static" && wanted(column).is_none());
    match stranger {
        Some((column, _)) => Err(SumsError::Refused(format!(
            "table {keyspace}.{name} has {column} in its primary key, which would be {} alone",
            table.definition
        ))),
        None => Ok(()),
    }
}

/// The schema as one node has it, the same for all of our processes as long as it is there. Two nodes that make a table at the
/// same time make two of one name, and a node that has not heard of a table yet would be taken for one that has another.
struct Schema<'a> {
    session: &'a Session,
    node: Option<NodeIdentifier>,
}

impl<'a> Schema<'a> {
    fn of(session: &'a Session) -> Self {
        let state = session.get_cluster_state();
        let there = state.get_nodes_info().iter().filter(|node| node.is_connected());
        let first = there.min_by_key(|node| node.host_id);
        Self { session, node: first.map(|node| NodeIdentifier::HostId(node.host_id)) }
    }

    fn statement(&self, text: impl Into<String>) -> Statement {
        let mut statement = Statement::new(text);
        let policy = self.node.clone().map(|node| SingleTargetLoadBalancingPolicy::new(node, None));
        statement.set_load_balancing_policy(policy);
        statement
    }

    /// None when there is no such keyspace.
    async fn replication(&self, keyspace: &str) -> Result<Option<Vec<(String, String)>>, SumsError> {
        let text = "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?";
        let found = self.rows(text, (keyspace,)).await?;
        let replication = found.maybe_first_row::<(BTreeMap<String, String>,)>().map_err(failure::unreadable)?;
        Ok(replication.map(|(replication,)| replication.into_iter().collect()))
    }

    async fn columns(&self, keyspace: &str, table: &str) -> Result<BTreeMap<String, (String, String, i32)>, SumsError> {
        let text = "SELECT column_name, type, kind, position FROM system_schema.columns \
                    WHERE keyspace_name = ? AND table_name = ?";
        let found = self.rows(text, (keyspace, table)).await?;
        let mut columns = BTreeMap::new();
        for row in found.rows::<(String, String, String, i32)>().map_err(failure::unreadable)? {
            let (name, kind, role, place) = row.map_err(failure::unreadable)?;
            columns.insert(name, (kind, role, place));
        }
        Ok(columns)
    }

    async fn rows(&self, text: &str, values: impl SerializeRow) -> Result<QueryRowsResult, SumsError> {
        let found = self.session.query_unpaged(self.statement(text), values).await.map_err(failure::of_execution)?;
        found.into_rows_result().map_err(failure::unreadable)
    }

    async fn change(&self, text: String) -> Result<(), SumsError> {
        self.session.query_unpaged(self.statement(text), ()).await.map_err(failure::of_execution)?;
        Ok(())
    }
}
