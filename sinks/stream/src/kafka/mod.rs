//! The stream on Kafka: idempotent appends, a consumer group, and transactions fenced by its generation.

mod append;
mod batch;
mod bounds;
mod client;
mod client_errors;
mod committer;
mod delivery;
mod fates;
mod fetch_queue;
mod follow;
mod handover;
mod member;
mod options;
mod ownership;
mod polling;
mod producer;
mod reading_thread;
mod refusals;
mod start;
mod subscription;
mod topic_plan;
mod topics;
mod transaction;
mod transactional_ids;
mod writer;

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use rdkafka::error::KafkaError;

use self::append::Appender;
use self::bounds::BoundsClient;
use self::client::blocking;
use self::client_errors::{ClientErrors, reason};
use self::follow::Isolation;
use self::member::Member;
use self::transactional_ids::TransactionalIds;
use self::writer::TransactionalWriter;
use crate::metrics::StreamMetrics;
use crate::port::{
    Bounds, Follower, NewRecord, NotAppended, Retention, Start, Stream, StreamError, Subscription, Topic,
};

pub use self::options::{BadOption, KafkaOptions};

/// A stream kept by Kafka.
pub struct KafkaStream {
    options: Arc<KafkaOptions>,
    appender: Appender,
    bounds: Arc<BoundsClient>,
    ids: Arc<TransactionalIds>,
    /// What all clients hear.
    errors: ClientErrors,
    metrics: StreamMetrics,
}

impl KafkaStream {
    /// Checks the options; connects to nothing yet.
    ///
    /// # Errors
    /// The first option that cannot work.
    pub fn new(options: KafkaOptions, metrics: StreamMetrics) -> Result<Self, BadOption> {
        options.check()?;
        let (options, errors) = (Arc::new(options), ClientErrors::default());
        Ok(Self {
            appender: Appender::new(&options, errors.beside()),
            bounds: Arc::new(BoundsClient::new(Arc::clone(&options), errors.beside())),
            ids: Arc::new(TransactionalIds::new(&options.group, &options.instance)),
            options,
            errors,
            metrics,
        })
    }
}

impl KafkaStream {
    async fn follow_with(
        &self,
        isolation: Isolation,
        topic: Topic,
        starts: Vec<(u32, Start)>,
    ) -> Result<Box<dyn Follower>, StreamError> {
        let options = Arc::clone(&self.options);
        let (bounds, errors) = (Arc::clone(&self.bounds), self.errors.beside());
        let follower = blocking(move || follow::follow(&options, &bounds, errors, isolation, topic, &starts));
        Ok(Box::new(follower.await?))
    }
}

#[async_trait]
impl Stream for KafkaStream {
    async fn prepare(&self, retention: Retention) -> Result<(), StreamError> {
        topics::prepare(Arc::clone(&self.options), retention).await
    }

    async fn append(&self, records: Vec<NewRecord>) -> Result<(), NotAppended> {
        let begun = Instant::now();
        let failed = self.appender.append(&records).await;
        self.metrics.append.observe(begun, records.len(), failed.len());
        NotAppended::of(failed)
    }

    async fn subscribe(&self) -> Result<Box<dyn Subscription>, StreamError> {
        let options = Arc::clone(&self.options);
        let ids = Arc::clone(&self.ids);
        let (metrics, errors) = (self.metrics.clone(), self.errors.clone());
        let subscription = blocking(move || {
            let id = ids.lease();
            let writer = Arc::new(TransactionalWriter::new(Arc::clone(&options), &id, errors.beside()));
            writer.open()?;
            let member = Member::new(options.topic.clone(), errors.beside());
            let refused = |error: KafkaError| StreamError::Refused(reason(&error));
            let consumer = client::consumer(&options).create_with_context(member).map_err(refused)?;
            subscription::start(consumer, writer, id, metrics)
        });
        Ok(Box::new(subscription.await?))
    }

    async fn follow(&self, topic: Topic, starts: Vec<(u32, Start)>) -> Result<Box<dyn Follower>, StreamError> {
        self.follow_with(Isolation::Committed, topic, starts).await
    }

    async fn follow_uncommitted(
        &self,
        topic: Topic,
        starts: Vec<(u32, Start)>,
    ) -> Result<Box<dyn Follower>, StreamError> {
        self.follow_with(Isolation::Uncommitted, topic, starts).await
    }

    fn refuses_us(&self) -> Option<String> {
        self.errors.refusal()
    }

    async fn bounds(&self, topic: Topic) -> Result<Vec<Bounds>, StreamError> {
        let client = Arc::clone(&self.bounds);
        let bounds = blocking(move || client.bounds(topic)).await?;
        if topic == Topic::Transactions {
            self.metrics.backlog(&bounds);
        }
        Ok(bounds)
    }
}
