//! A request's body on its way in, and what becomes of the rest of one that nobody reads.
//!
//! Over HTTP/2 a server that has answered resets the stream where the caller still sends. That is as the standard wants it
//! (RFC 9113, 8.1), and the answer is whole; but callers are common that lose an answer to a reset right behind it. So what
//! is left of a body is read away, and the stream kept, until the caller has had time to see the answer. Some do not notice a
//! reset while they wait to send on; so the connection of one that is cut off ends with it, once its other requests have.
//!
//! Over HTTP/1.1 the next request stands behind the body. What has come of one is read away before its answer, and where that is
//! not all of it, the answer says that the connection is closed (RFC 9112, 9.6): who sent on would get no answer.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::rt::Executor;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::limits::{REST_BYTES, REST_HTTP1_BYTES, REST_TIME};
use crate::streams::Starter;

/// A request's body.
#[derive(Debug)]
pub struct Incoming {
    body: Option<hyper::body::Incoming>,
    /// Over HTTP/2.
    rest: Option<Rest>,
    /// Over HTTP/1.1.
    unread: Option<Unread>,
}

/// A body of a connection of HTTP/1.1 that nobody read to its end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unread(Arc<Mutex<Option<hyper::body::Incoming>>>);

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
    /// `streams` are those of the connection, if it has any; `leaving` ends it once what is in progress has ended. Without
    /// streams, what nobody reads to its end goes to `unread`.
    pub(crate) fn new(
        body: hyper::body::Incoming,
        streams: Option<&Starter>,
        leaving: &CancellationToken,
        unread: &Unread,
    ) -> Self {
        let unread = (streams.is_none() && !body.is_end_stream()).then(|| unread.clone());
        let streams = streams.filter(|_| !body.is_end_stream());
        let rest = streams.map(|streams| Rest {
            streams: streams.clone(),
            ended: CancellationToken::new(),
            leaving: leaving.clone(),
        });
        Self { body: Some(body), rest, unread }
    }

    /// Ties the answer to it. To be called before it is handed out.
    pub(crate) fn answered(&self) -> impl FnOnce() -> Option<DropGuard> + use<> {
        let ended = self.rest.as_ref().map(|rest| rest.ended.clone());
        move || ended.map(CancellationToken::drop_guard)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) else { return };
        if let Some(Rest { streams, ended, leaving }) = self.rest.take() {
            streams.execute(read_away(body, ended, leaving));
        } else if let Some(unread) = &self.unread {
            *unread.lock() = Some(body);
        }
    }
}

impl Unread {
    /// Reads it away where all of it has come; true where nothing is left to come.
    pub(crate) async fn is_read_away(&self, has_come: impl Fn() -> bool) -> bool {
        let Some(mut body) = self.lock().take() else { return true };
        let mut left = REST_HTTP1_BYTES;
        while has_come() && left > 0 && !body.is_end_stream() {
            match std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
                Some(Ok(frame)) => left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len)),
                Some(Err(_)) => return false,
                None => return true,
            }
        }
        body.is_end_stream()
    }

    fn lock(&self) -> MutexGuard<'_, Option<hyper::body::Incoming>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = Pin::new(body).poll_frame(context);
        // One in chunks does not say so by itself.
        if matches!(frame, Poll::Ready(None)) {
            self.body = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
