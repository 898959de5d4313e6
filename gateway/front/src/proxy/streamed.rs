//! An upstream's response body on its way to the caller, as fast as the caller takes it.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::permit::Permit;

/// A streamed body. While it lives, its request counts as in flight.
pub(crate) struct Streamed {
    body: tallygate_serve::Streamed<Incoming>,
    _permit: Option<Permit>,
}

impl Streamed {
    pub(crate) fn new(body: tallygate_serve::Streamed<Incoming>, permit: Option<Permit>) -> Self {
        Self { body, _permit: permit }
    }
}

impl Body for Streamed {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
