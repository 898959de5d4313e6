//! An upstream's response body on its way to the caller, as fast as the caller takes it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use super::upstream::{Trouble, Upstream};
use crate::held::Held;

/// A streamed body. While it lives, its request counts as in flight. It ends where the upstream sends nothing for longer than
/// its response may take to begin.
pub(crate) struct Streamed {
    body: tallygate_serve::Streamed<Incoming>,
    upstream: Arc<Upstream>,
    /// Until when the upstream may be silent; none while it is not waited for.
    silent_until: Option<Pin<Box<Sleep>>>,
    _held: Option<Held>,
}

/// The upstream's part of a response did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CutShort {
    /// It broke off.
    #[error("the upstream broke off: {0}")]
    Broken(hyper::Error),
    /// It sent nothing more.
    #[error("the upstream sent nothing more in time")]
    Hung,
}

impl Streamed {
    pub(crate) fn new(body: tallygate_serve::Streamed<Incoming>, upstream: Arc<Upstream>, held: Option<Held>) -> Self {
        Self { body, upstream, silent_until: None, _held: held }
    }
}

impl Body for Streamed {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        let Self { body, upstream, silent_until, .. } = &mut *self;
        match Pin::new(body).poll_frame(context) {
            Poll::Ready(Some(Err(error))) => {
                upstream.count(Trouble::Broken);
                Poll::Ready(Some(Err(CutShort::Broken(error))))
            }
            Poll::Ready(polled) => {
                *silent_until = None;
                Poll::Ready(polled.map(|frame| frame.map_err(CutShort::Broken)))
            }
            Poll::Pending => {
                let until = || Box::pin(tokio::time::sleep_until(Instant::now() + upstream.response_time()));
                if silent_until.get_or_insert_with(until).as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                upstream.count(Trouble::Hung);
                Poll::Ready(Some(Err(CutShort::Hung)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
