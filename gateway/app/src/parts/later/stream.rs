//! The embedded stream, once it opens.

use async_trait::async_trait;
use tallygate_stream::{
    Bounds, EmbeddedStream, Follower, NewRecord, NotAppended, Retention, Start, Stream, StreamError, Subscription,
    Topic,
};

use super::Later;

#[async_trait]
impl Stream for Later<EmbeddedStream, StreamError> {
    async fn prepare(&self, retention: Retention) -> Result<(), StreamError> {
        self.there().await?.prepare(retention).await
    }

    async fn append(&self, records: Vec<NewRecord>) -> Result<(), NotAppended> {
        match self.there().await {
            Ok(stream) => stream.append(records).await,
            Err(error) => NotAppended::all(records.len(), &error),
        }
    }

    async fn subscribe(&self) -> Result<Box<dyn Subscription>, StreamError> {
        self.there().await?.subscribe().await
    }

    async fn follow(&self, topic: Topic, starts: Vec<(u32, Start)>) -> Result<Box<dyn Follower>, StreamError> {
        self.there().await?.follow(topic, starts).await
    }

    async fn bounds(&self, topic: Topic) -> Result<Vec<Bounds>, StreamError> {
        self.there().await?.bounds(topic).await
    }
}
