//! A session with its statements prepared, once the schema is there.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use backon::{ConstantBuilder, Retryable};
use rustls::ClientConfig;
use scylla::client::PoolSize;
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::errors::PrepareError;
use scylla::policies::load_balancing::DefaultPolicy;
use scylla::statement::SerialConsistency;
use scylla::statement::batch::{Batch, BatchStatement, BatchType};
use scylla::statement::prepared::PreparedStatement;

use super::bad_option::BadOption;
use super::failure;
use super::options::CassandraOptions;
use super::schema;
use crate::limits::{BATCH_ROWS, PAGE_ROWS};
use crate::port::SumsError;
use crate::timeouts::{KEEPALIVE, SCHEMA_DELAY, SCHEMA_RETRIES};

pub(super) struct Connected {
    pub(super) session: Session,
    pub(super) statements: Statements,
    /// As many upserts as one batch has at most; what writes very many rows writes them in such.
    pub(super) full_batch: Batch,
}

pub(super) struct Statements {
    pub(super) upsert: PreparedStatement,
    pub(super) read: PreparedStatement,
    pub(super) read_key: PreparedStatement,
    pub(super) generations: PreparedStatement,
    pub(super) add_generation: PreparedStatement,
    pub(super) places: PreparedStatement,
    pub(super) tell: PreparedStatement,
    pub(super) notices: PreparedStatement,
}

impl Connected {
    pub(super) async fn open(options: &CassandraOptions, tls: Option<Arc<ClientConfig>>) -> Result<Self, SumsError> {
        let session = connect(options, tls).await?;
        schema::prepare(&session, options).await?;
        // A table that another process just made stands in the schema some time before it can be used, and at one node before
        // it does at the others. Nodes of two versions never agree; then what each of them says has to do.
        let _ = session.await_schema_agreement().await;
        let statements = (|| Statements::prepare(&session, &options.keyspace))
            .retry(ConstantBuilder::new().with_delay(SCHEMA_DELAY).with_max_times(SCHEMA_RETRIES))
            .when(failure::knows_no_table)
            .await
            .map_err(failure::of_prepare_of_ours)?;
        let full_batch = batch(&statements.upsert, BATCH_ROWS);
        Ok(Self { statements, session, full_batch })
    }
}

/// So many of a statement.
pub(super) fn batch(statement: &PreparedStatement, rows: usize) -> Batch {
    let statement = BatchStatement::PreparedStatement(statement.clone());
    let mut batch = Batch::new_with_statements(BatchType::Unlogged, vec![statement; rows]);
    batch.set_is_idempotent(true);
    batch
}

impl Statements {
    async fn prepare(session: &Session, keyspace: &str) -> Result<Self, PrepareError> {
        let columns = r#"key, currency, sum, count, "offset", updated_at"#;
        let place = "aggregate = ? AND day = ? AND partition = ?";
        let prepare = async |text: String| prepare(session, text).await;
        let mut add_generation = prepare(format!(
            "INSERT INTO {keyspace}.generations (number, first_partition, topic, partitions, partition_by, \
             horizon_days, future_days, fold_rules, log, reader_group) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS"
        ))
        .await?;
        // One writer in the world, not one in each data centre.
        add_generation.set_serial_consistency(Some(SerialConsistency::Serial));
        Ok(Self {
            upsert: prepare(format!(
                r#"INSERT INTO {keyspace}.daily_sums (aggregate, day, partition, key, currency, sum, count, "offset",
                   updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?"#
            ))
            .await?,
            read: prepare(format!("SELECT {columns} FROM {keyspace}.daily_sums WHERE {place}")).await?,
            read_key: prepare(format!(
                "SELECT {columns} FROM {keyspace}.daily_sums WHERE {place} AND key = ?"
            ))
            .await?,
            generations: prepare(format!(
                "SELECT number, first_partition, topic, partitions, partition_by, horizon_days, future_days, fold_rules, \
                 log, reader_group FROM {keyspace}.generations"
            ))
            .await?,
            add_generation,
            places: prepare(format!("SELECT DISTINCT aggregate, day, partition FROM {keyspace}.daily_sums")).await?,
            tell: prepare(format!("INSERT INTO {keyspace}.notices (name, text, at) VALUES (?, ?, ?)")).await?,
            notices: prepare(format!("SELECT name, text, at FROM {keyspace}.notices")).await?,
        })
    }
}

async fn connect(options: &CassandraOptions, tls: Option<Arc<ClientConfig>>) -> Result<Session, SumsError> {
    let mut nodes = DefaultPolicy::builder();
    if let Some(datacenter) = &options.datacenter {
        // Asked elsewhere, a local consistency would be that of another data centre.
        let local = options.consistency.is_local();
        nodes = nodes.prefer_datacenter(datacenter.clone()).permit_dc_failover(!local);
    }
    let profile = ExecutionProfile::builder()
        .consistency(options.consistency.of_driver())
        .load_balancing_policy(nodes.build())
        .request_timeout(Some(options.request_timeout))
        .build();
    let mut builder = SessionBuilder::new()
        .known_nodes(&options.contact_points)
        .default_execution_profile_handle(profile.into_handle())
        .connection_timeout(options.request_timeout)
        .schema_agreement_timeout(options.request_timeout)
        .metadata_request_clientside_timeout(options.request_timeout)
        .keepalive_interval(KEEPALIVE)
        .keepalive_timeout(options.request_timeout)
        .pool_size(PoolSize::PerHost(NonZeroUsize::MIN))
        .keyspaces_to_fetch([&options.keyspace])
        .tls_context(tls);
    if let Some(credentials) = &options.credentials {
        builder = builder.user(&credentials.user, &credentials.password);
    }
    let session = builder.build().await.map_err(failure::of_session)?;
    match &options.datacenter {
        Some(datacenter) => check_datacenter(&session, datacenter).map(|()| session),
        None => Ok(session),
    }
}

fn check_datacenter(session: &Session, datacenter: &str) -> Result<(), SumsError> {
    let state = session.get_cluster_state();
    let known: BTreeSet<&str> = state.get_nodes_info().iter().filter_map(|node| node.datacenter.as_deref()).collect();
    if known.contains(datacenter) {
        return Ok(());
    }
    let known = known.into_iter().collect::<Vec<_>>().join(", ");
    let problem = format!("{datacenter:?} has no node, known: {known}");
    Err(BadOption { option: "datacenter".to_owned(), problem }.into())
}

async fn prepare(session: &Session, text: String) -> Result<PreparedStatement, PrepareError> {
    let mut statement = session.prepare(text).await?;
    statement.set_is_idempotent(true);
    statement.set_page_size(PAGE_ROWS);
    Ok(statement)
}
