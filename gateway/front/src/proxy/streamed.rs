//! An upstream's response body on its way to the caller, as fast as the caller takes it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::connection::{Busy, Pull};
use crate::front::Place;

/// A streamed body. While it lives, its request counts as in flight.
pub(crate) struct Streamed {
    incoming: Incoming,
    pull: Arc<Pull>,
    busy: Busy,
    _place: Option<Place>,
}

impl Streamed {
    pub(crate) fn new(incoming: Incoming, busy: Busy, place: Option<Place>) -> Self {
        Self { incoming, pull: busy.pull(), busy, _place: place }
    }
}

impl Body for Streamed {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.incoming).poll_frame(context);
        self.busy.note(&self.pull, polled.is_ready());
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
