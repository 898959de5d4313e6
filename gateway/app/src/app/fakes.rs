//! The embedded stream and store, which hang or fail for as long as they are told to.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use tallygate_core::fold::Horizon;
use tallygate_core::generation::{FOLD_RULES, Plan};
use tallygate_core::notice::Notice;
use tallygate_core::{Aggregate, Day, Generation, PartitionBy, Row};
use tallygate_stream::{
    Bounds, EmbeddedStream, EmbeddedStreamOptions, Follower, NewRecord, NotAppended, Retention, Start, Stream,
    StreamError, StreamMetrics, Subscription, Topic,
};
use tallygate_sums::{EmbeddedSums, EmbeddedSumsOptions, Notices, Sums, SumsError};
use tokio::sync::watch;

use super::chain::Chain;

/// How a server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Does {
    Work,
    /// It is away, for this reason.
    Fail(&'static str),
    /// It takes calls and answers when it does something else.
    Hang,
    /// It works as yet, and says that it does not let us in.
    Refuse(&'static str),
}

/// The servers of one test.
pub(super) struct Servers {
    folder: tempfile::TempDir,
    pub(super) stream: Arc<Faked<EmbeddedStream>>,
    pub(super) store: Arc<Faked<EmbeddedSums>>,
}

pub(super) struct Faked<S> {
    pub(super) server: S,
    does: watch::Sender<Does>,
}

impl Servers {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stream = EmbeddedStreamOptions { path: folder.path().join("stream.db"), partitions: 2 };
        let stream = EmbeddedStream::open(&stream, StreamMetrics::default()).unwrap();
        let store = EmbeddedSums::open(&EmbeddedSumsOptions::new(folder.path().join("sums.db"))).unwrap();
        Self { folder, stream: Arc::new(Faked::new(stream)), store: Arc::new(Faked::new(store)) }
    }

    pub(super) fn path(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub(super) fn chain(&self) -> Chain {
        let plan = Plan {
            topic: "t".into(),
            partitions: 2,
            partition_by: PartitionBy::Key,
            horizon_days: 7,
            future_days: 7,
            fold_rules: FOLD_RULES,
            group: "tallygate".into(),
        };
        let horizon = Horizon { past: 7, future: 7 };
        Chain { stream: self.stream.clone(), sums: self.store.clone(), plan, horizon, lag_days: 7 }
    }
}

impl<S> Faked<S> {
    fn new(server: S) -> Self {
        Self { server, does: watch::Sender::new(Does::Work) }
    }

    pub(super) fn does(&self, what: Does) {
        self.does.send_replace(what);
    }

    async fn answer(&self) -> Result<&S, String> {
        let does = *self.does.subscribe().wait_for(|does| *does != Does::Hang).await.unwrap();
        match does {
            Does::Fail(why) => Err(why.to_owned()),
            _ => Ok(&self.server),
        }
    }
}

impl Faked<EmbeddedStream> {
    async fn stream(&self) -> Result<&EmbeddedStream, StreamError> {
        self.answer().await.map_err(StreamError::Away)
    }
}

impl Faked<EmbeddedSums> {
    async fn store(&self) -> Result<&EmbeddedSums, SumsError> {
        self.answer().await.map_err(SumsError::Away)
    }
}

#[async_trait]
impl Stream for Faked<EmbeddedStream> {
    async fn prepare(&self, retention: Retention) -> Result<(), StreamError> {
        self.stream().await?.prepare(retention).await
    }
    async fn append(&self, records: Vec<NewRecord>) -> Result<(), NotAppended> {
        match self.stream().await {
            Ok(stream) => stream.append(records).await,
            Err(error) => NotAppended::all(records.len(), &error),
        }
    }
    async fn subscribe(&self) -> Result<Box<dyn Subscription>, StreamError> {
        self.stream().await?.subscribe().await
    }
    async fn follow(&self, topic: Topic, starts: Vec<(u32, Start)>) -> Result<Box<dyn Follower>, StreamError> {
        self.stream().await?.follow(topic, starts).await
    }
    async fn bounds(&self, topic: Topic) -> Result<Vec<Bounds>, StreamError> {
        self.stream().await?.bounds(topic).await
    }
    fn refuses_us(&self) -> Option<String> {
        match *self.does.borrow() {
            Does::Refuse(why) => Some(why.to_owned()),
            _ => None,
        }
    }
}

#[async_trait]
impl Sums for Faked<EmbeddedSums> {
    async fn generations(&self) -> Result<Vec<Generation>, SumsError> {
        self.store().await?.generations().await
    }
    async fn add_generation(&self, generation: &Generation) -> Result<bool, SumsError> {
        self.store().await?.add_generation(generation).await
    }
    async fn read(&self, what: Aggregate, day: Day, part: u32, key: Option<&str>) -> Result<Vec<Row>, SumsError> {
        self.store().await?.read(what, day, part, key).await
    }
    async fn upsert(&self, rows: &[Row]) -> Result<(), SumsError> {
        self.store().await?.upsert(rows).await
    }
    async fn days(&self, partition: u32) -> Result<BTreeSet<Day>, SumsError> {
        self.store().await?.days(partition).await
    }
}

#[async_trait]
impl Notices for Faked<EmbeddedSums> {
    async fn tell(&self, notice: &Notice) -> Result<(), SumsError> {
        self.store().await?.tell(notice).await
    }
    async fn notices(&self) -> Result<Vec<Notice>, SumsError> {
        self.store().await?.notices().await
    }
}
