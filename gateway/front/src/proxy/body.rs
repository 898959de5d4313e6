//! A request's body on its way to an upstream: lent to one target, and taken back untouched where that one is away.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::waiting::Waiting;
use crate::body::{CutOff, LimitedBody};

/// What goes to an upstream.
pub(crate) enum OutgoingBody {
    /// A body that a policy has seen or made.
    Whole(Option<Bytes>),
    /// A body as it comes.
    Streamed(LimitedBody),
}

/// A body that returns to its slot unless a target began to read it.
pub(crate) struct Lent {
    body: Option<OutgoingBody>,
    slot: Slot,
    begun: bool,
}

/// Where a body waits for its next target.
#[derive(Clone)]
pub(crate) struct Slot {
    body: Arc<Mutex<Option<OutgoingBody>>>,
    waiting: Waiting,
}

impl Slot {
    pub(crate) fn new(body: OutgoingBody, waiting: Waiting) -> Self {
        Self { body: Arc::new(Mutex::new(Some(body))), waiting }
    }

    /// The body, unless a target has begun to read it.
    pub(crate) fn lend(&self) -> Option<Lent> {
        let body = self.body.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some(Lent { body: Some(body), slot: self.clone(), begun: false })
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if !self.begun {
            let mut slot = self.slot.body.lock().unwrap_or_else(PoisonError::into_inner);
            *slot = self.body.take();
        }
    }
}

impl Body for Lent {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        self.begun = true;
        let polled = match &mut self.body {
            None | Some(OutgoingBody::Whole(None)) => Poll::Ready(None),
            Some(OutgoingBody::Whole(whole)) => Poll::Ready(whole.take().map(|bytes| Ok(Frame::data(bytes)))),
            Some(OutgoingBody::Streamed(body)) => Pin::new(body).poll_frame(context),
        };
        match &polled {
            Poll::Pending => self.slot.waiting.for_caller(),
            Poll::Ready(frame) => self.slot.waiting.for_upstream(frame.is_none() || self.is_end_stream()),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.body {
            Some(OutgoingBody::Whole(Some(_))) => false,
            Some(OutgoingBody::Streamed(body)) => body.is_end_stream(),
            None | Some(OutgoingBody::Whole(None)) => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Some(OutgoingBody::Whole(Some(bytes))) => SizeHint::with_exact(bytes.len() as u64),
            Some(OutgoingBody::Streamed(body)) => body.size_hint(),
            None | Some(OutgoingBody::Whole(None)) => SizeHint::with_exact(0),
        }
    }
}
