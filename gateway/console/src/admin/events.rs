//! The live page's feed, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Response};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use tallygate_core::transaction;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::State;
use super::access::Who;
use super::problem::Problem;
use super::query::Query;
use super::route::{Answer, Call};
use crate::live::{Ask, Feed};

/// One browser's connection.
struct Browser {
    state: Arc<State>,
    who: Who,
    feed: Feed,
    ended: bool,
    _place: OwnedSemaphorePermit,
}

/// Opens a feed.
pub(super) async fn events(call: Call) -> Answer {
    let who = call.known(&Method::GET).await?;
    let query = Query::read(call.request.uri().query(), &["day", "key", "currency", "order", "top"])?;
    let ask = Ask { day: query.day()?, top: query.top()?, key: query.text("key").map(str::to_owned) };
    if let Some(key) = &ask.key {
        transaction::name(key).map_err(|problem| Problem::bad(format!("key: {problem}")))?;
    }
    let Ok(place) = call.state.browsers.clone().try_acquire_owned() else {
        return Err(Problem::busy("as many pages follow as can, close one of them"));
    };
    let browser =
        Browser { feed: call.state.reading()?.live.feed(ask)?, state: call.state, who, ended: false, _place: place };
    let frames = stream::unfold(browser, |mut browser| async move {
        let bytes = browser.next().await?;
        Some((Ok::<_, Infallible>(Frame::data(bytes)), browser))
    });
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    Ok(response)
}

impl Browser {
    /// The next event's bytes; none behind the last one.
    async fn next(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        let message = tokio::select! {
            message = self.feed.next() => message,
            () = self.state.stop.cancelled() => return None,
        };
        let in_session = match &self.who {
            Who::Session { id, .. } => self.state.access.sessions.find(id, Instant::now()).is_some(),
            Who::Program(_) => true,
        };
        let event = match message {
            _ if !in_session => self.end("bye"),
            None => self.end("turn"),
            Some(message) => {
                self.state.metrics.updates.inc();
                format!("retry: 1000\ndata: {}\n\n", serde_json::to_string(&message).unwrap_or_default())
            }
        };
        Some(event.into())
    }

    /// The last event: `bye` when the session is over, `turn` when today's page has to open another day.
    fn end(&mut self, event: &str) -> String {
        self.ended = true;
        format!("event: {event}\ndata: {{}}\n\n")
    }
}
