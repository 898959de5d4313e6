//! A request's body on its way in, and what becomes of the rest of one that nobody reads.
//!
//! Over HTTP/2 a server that has answered resets the stream where the caller still sends. That is as the standard wants it
//! (RFC 9113, 8.1), and the answer is whole; but callers are common that lose an answer to a reset right behind it. So what
//! is left of a body is read away, and the stream kept, until the caller has had time to see the answer. Some do not notice a
//! reset while they wait to send on; so the connection of one that is cut off ends with it, once its other requests have.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::rt::Executor;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::limits::{REST_BYTES, REST_TIME};
use crate::streams::Starter;

/// A request's body.
#[derive(Debug)]
pub struct Incoming {
    body: Option<hyper::body::Incoming>,
    /// Over HTTP/2.
    rest: Option<Rest>,
}

/// What reads the rest of a body away.
#[derive(Debug)]
struct Rest {
    streams: Starter,
    /// The answer has ended.
    ended: CancellationToken,
    /// Cancelled, the connection ends once what is in progress has.
    leaving: CancellationToken,
}

impl Incoming {
    /// `streams` are those of the connection, if it has any; `leaving` ends it once what is in progress has ended.
    pub(crate) fn new(body: hyper::body::Incoming, streams: Option<&Starter>, leaving: &CancellationToken) -> Self {
        let streams = streams.filter(|_| !body.is_end_stream());
        let rest = streams.map(|streams| Rest {
            streams: streams.clone(),
            ended: CancellationToken::new(),
            leaving: leaving.clone(),
        });
        Self { body: Some(body), rest }
    }

    /// Ties the answer to it. To be called before it is handed out.
    pub(crate) fn answered(&self) -> impl FnOnce() -> Option<DropGuard> + use<> {
        let ended = self.rest.as_ref().map(|rest| rest.ended.clone());
        move || ended.map(CancellationToken::drop_guard)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let (Some(body), Some(Rest { streams, ended, leaving })) = (self.body.take(), self.rest.take())
            && !body.is_end_stream()
        {
            streams.execute(read_away(body, ended, leaving));
        }
    }
}

async fn read_away(mut body: hyper::body::Incoming, ended: CancellationToken, leaving: CancellationToken) {
    let reading = async {
        let mut left = REST_BYTES;
        while left > 0 {
            match std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
                Some(Ok(frame)) => left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len)),
                None | Some(Err(_)) => return,
            }
        }
        // The caller is not asked for more, and not cut off yet.
        std::future::pending().await
    };
    let waiting = async {
        ended.cancelled().await;
        tokio::time::sleep(REST_TIME).await;
    };
    tokio::select! {
        () = reading => {}
        () = waiting => leaving.cancel(),
    }
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
