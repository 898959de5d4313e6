//! The writing half of the aggregator's floor: rows to Cassandra in batches, and to Kafka in one transaction, all of them made
//! before the clock starts.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::stream::{self, StreamExt, TryStreamExt};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::statement::batch::{Batch, BatchStatement, BatchType};
use scylla::value::{CqlDate, CqlDecimal, CqlTimestamp};

const TOPIC: &str = "floor.daily-sums";
const PARTITIONS: i32 = 4;
/// As many as the store takes at a time.
const BATCH_ROWS: u64 = 256;
const IN_FLIGHT: usize = 16;
const TIME: Duration = Duration::from_secs(30);
const DAY: &str = "2026-11-22";
/// Cassandra's number of that day.
const CQL_DAY: u32 = (1 << 31) + 20_779;

type Values = (&'static str, CqlDate, i32, String, &'static str, CqlDecimal, i64, i64, CqlTimestamp, i64);

/// Connected, and with everything at hand that it writes.
pub struct Rows {
    session: Session,
    batches: Vec<(Batch, Vec<Values>)>,
    producer: BaseProducer,
    records: Vec<(i32, String, String)>,
}

impl Rows {
    /// One row for each of so many keys, spread over the partitions.
    pub async fn prepare(brokers: &str, contact_point: &str, keys: u64) -> Result<Self> {
        let session = SessionBuilder::new().known_node(contact_point).build().await?;
        for statement in [
            "CREATE KEYSPACE IF NOT EXISTS floor WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
            r#"CREATE TABLE IF NOT EXISTS floor.daily_sums (aggregate text, day date, partition int, key text, currency text,
               sum decimal, count bigint, "offset" bigint, updated_at timestamp,
               PRIMARY KEY ((aggregate, day, partition), key, currency))"#,
        ] {
            session.query_unpaged(statement, ()).await?;
        }
        let insert = session
            .prepare(
                r#"INSERT INTO floor.daily_sums (aggregate, day, partition, key, currency, sum, count, "offset", updated_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?"#,
            )
            .await?;
        let (mut batches, mut records) = (Vec::new(), Vec::new());
        for partition in 0..PARTITIONS {
            let ours: Vec<u64> = (0..keys).filter(|key| key % PARTITIONS as u64 == partition as u64).collect();
            for batch in ours.chunks(BATCH_ROWS as usize) {
                let statement = BatchStatement::PreparedStatement(insert.clone());
                let statements = Batch::new_with_statements(BatchType::Unlogged, vec![statement; batch.len()]);
                batches.push((statements, batch.iter().map(|key| values(partition, *key)).collect()));
            }
            records.extend(ours.iter().map(|key| record(partition, *key)));
        }
        create_topic(brokers).await?;
        let producer: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("transactional.id", "floor")
            .set("linger.ms", "0")
            .set("retry.backoff.ms", "5")
            .set("delivery.report.only.error", "true")
            .create()?;
        producer.init_transactions(TIME)?;
        Ok(Self { session, batches, producer, records })
    }

    /// Writes all of it, and commits it with these offsets of the log.
    pub async fn write(&self, log: &str, offsets: &[(i32, i64)], group: &ConsumerGroupMetadata) -> Result<()> {
        let writes = self.batches.iter().map(|(batch, values)| self.session.batch(batch, values));
        stream::iter(writes).buffer_unordered(IN_FLIGHT).try_for_each(|_| async { Ok(()) }).await?;
        self.producer.begin_transaction()?;
        for (partition, key, value) in &self.records {
            let mut record = BaseRecord::to(TOPIC).partition(*partition).key(key).payload(value);
            while let Err((error, unsent)) = self.producer.send(record) {
                if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                    return Err(error.into());
                }
                record = unsent;
                self.producer.poll(Duration::from_millis(1));
            }
        }
        let mut positions = TopicPartitionList::new();
        for (partition, next) in offsets {
            positions.add_partition_offset(log, *partition, Offset::Offset(*next))?;
        }
        self.producer.send_offsets_to_transaction(&positions, group, TIME)?;
        while self.producer.in_flight_count() > 0 {
            self.producer.poll(Duration::from_millis(1));
        }
        Ok(self.producer.commit_transaction(TIME)?)
    }
}

fn values(partition: i32, key: u64) -> Values {
    let sum = CqlDecimal::from_signed_be_bytes_and_exponent(vec![0, 0x98, 0x96, 0x80], 2);
    let (count, offset) = (10, key as i64);
    (
        "daily",
        CqlDate(CQL_DAY),
        partition,
        format!("key-{key}"),
        "EUR",
        sum,
        count,
        offset,
        CqlTimestamp(offset),
        offset + 1,
    )
}

fn record(partition: i32, key: u64) -> (i32, String, String) {
    let value = format!(
        r#"{{"aggregate":"daily","day":"{DAY}","key":"key-{key}","currency":"EUR","partition":{partition},"sum":"100000.00","count":10,"offset":{key},"updated_at":"{DAY}T19:19:41.500Z"}}"#
    );
    (partition, format!(r#"["daily","{DAY}","key-{key}","EUR",{partition}]"#), value)
}

async fn create_topic(brokers: &str) -> Result<()> {
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new().set("bootstrap.servers", brokers).create()?;
    let topic = NewTopic::new(TOPIC, PARTITIONS, TopicReplication::Fixed(1));
    match admin.create_topics(&[topic], &AdminOptions::new()).await?.pop().context("no answer")? {
        Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => Ok(()),
        Err((name, code)) => bail!("topic {name}: {}", KafkaError::AdminOp(code)),
    }
}
