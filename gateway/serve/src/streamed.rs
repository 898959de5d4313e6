//! A body on its way to the caller, as fast as the caller takes it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};

use crate::activity::InProgress;

/// A streamed body. While it lives, its request is in progress, and a reader that takes nothing is noticed.
#[derive(Debug)]
pub struct Streamed<B> {
    body: B,
    delivered: Arc<AtomicU64>,
    in_progress: InProgress,
}

impl<B> Streamed<B> {
    pub(crate) fn new(body: B, in_progress: InProgress) -> Self {
        Self { body, delivered: in_progress.watch(), in_progress }
    }
}

impl<B: Body + Unpin> Body for Streamed<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        self.in_progress.note(&self.delivered, polled.is_ready());
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
