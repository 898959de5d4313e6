//! A request's body on its way in: refused by its announced length, by its real one, or by its time.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use crate::limits::{BODY_AHEAD_BYTES, Limits};
use crate::memory::{MemoryBudget, Reservation};
use crate::problem::Problem;

/// A body that has not been read yet.
pub(crate) struct RequestBody {
    incoming: Incoming,
    limit: usize,
    since: Instant,
    time: Duration,
    received: Received,
}

/// A body read through, as far as it may go; for what is streamed on.
pub(crate) struct LimitedBody {
    incoming: Incoming,
    left: usize,
    deadline: Pin<Box<Sleep>>,
    /// Since when the caller has not been waited for; its time stands still then.
    unasked: Option<Instant>,
    broken: Broken,
    received: Received,
}

/// How many bytes of a body have come, for whoever sees it only from outside.
#[derive(Clone, Debug, Default)]
pub(crate) struct Received(Arc<AtomicU64>);

/// Why a streamed body ended before its end, for whoever sees only that it did.
#[derive(Clone, Debug)]
pub(crate) struct Broken {
    why: Arc<AtomicU8>,
    limit: usize,
}

/// A streamed body was cut off.
#[derive(Debug, thiserror::Error)]
#[error("request body was cut off")]
pub(crate) struct CutOff;

const TOO_LARGE: u8 = 1;
const TOO_SLOW: u8 = 2;
const DROPPED: u8 = 3;

impl RequestBody {
    /// Refuses what is announced as too large before any of it is read.
    pub(crate) fn new(
        incoming: Incoming,
        headers: &HeaderMap,
        limits: &Limits,
        received: Received,
    ) -> Result<Self, Problem> {
        let limit = limits.body_bytes;
        let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|length| length > limit as u64) {
            return Err(Problem::BodyTooLarge(limit));
        }
        Ok(Self { incoming, limit, since: Instant::now(), time: limits.body_time, received })
    }

    /// The whole of it, in one piece, and what it has of the memory budget.
    pub(crate) async fn whole(
        self,
        budget: &Arc<MemoryBudget>,
        limits: &Limits,
    ) -> Result<(Vec<u8>, Reservation), Problem> {
        let read = whole(self.incoming, self.limit, budget, &self.received);
        let read = tokio::time::timeout_at(self.since + self.time, read).await.map_err(|_| Problem::BodyTooSlow)?;
        read.map_err(|error| match error {
            Unread::Broken(error) => Problem::BodyBroken(error),
            Unread::TooLarge => Problem::BodyTooLarge(self.limit),
            Unread::NoMemory => Problem::Busy(limits.retry_after),
        })
    }

    /// The body as it comes, still within its limits.
    pub(crate) fn streamed(self) -> LimitedBody {
        LimitedBody {
            incoming: self.incoming,
            left: self.limit,
            deadline: Box::pin(tokio::time::sleep_until(self.since + self.time)),
            unasked: Some(self.since),
            broken: Broken { why: Arc::default(), limit: self.limit },
            received: self.received,
        }
    }
}

/// The whole body of an upstream's response, which has this time to come, and what it has of the memory budget.
pub(crate) async fn response(
    incoming: Incoming,
    budget: &Arc<MemoryBudget>,
    limits: &Limits,
    time: Duration,
) -> Result<(Vec<u8>, Reservation), Problem> {
    let limit = limits.body_bytes;
    let read = tokio::time::timeout(time, whole(incoming, limit, budget, &Received::default())).await;
    read.map_err(|_| Problem::UpstreamSlow)?.map_err(|error| match error {
        Unread::Broken(error) => Problem::UpstreamAway(format!("its response: {error}")),
        Unread::TooLarge => Problem::ResponseTooLarge(limit),
        Unread::NoMemory => Problem::Busy(limits.retry_after),
    })
}

/// Why a body could not be read whole.
enum Unread {
    Broken(String),
    TooLarge,
    NoMemory,
}

async fn whole(
    mut incoming: Incoming,
    limit: usize,
    budget: &Arc<MemoryBudget>,
    received: &Received,
) -> Result<(Vec<u8>, Reservation), Unread> {
    let mut reservation = budget.reservation();
    let announced = incoming.size_hint().exact().unwrap_or(0);
    let mut whole = Vec::with_capacity((announced as usize).min(BODY_AHEAD_BYTES));
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|error| Unread::Broken(error.to_string()))?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        received.more(data.len());
        if data.len() > limit - whole.len() {
            return Err(Unread::TooLarge);
        }
        if !reservation.grow(data.len()) {
            return Err(Unread::NoMemory);
        }
        whole.extend_from_slice(data);
    }
    Ok((whole, reservation))
}

impl LimitedBody {
    /// Where to ask afterwards why it broke.
    pub(crate) fn broken(&self) -> Broken {
        self.broken.clone()
    }

    fn cut(&self, why: u8) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        self.broken.why.store(why, Ordering::Relaxed);
        Poll::Ready(Some(Err(CutOff)))
    }
}

impl Received {
    pub(crate) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn more(&self, bytes: usize) {
        self.0.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl Broken {
    /// Why the body ended early, if it did.
    pub(crate) fn problem(&self) -> Option<Problem> {
        match self.why.load(Ordering::Relaxed) {
            TOO_LARGE => Some(Problem::BodyTooLarge(self.limit)),
            TOO_SLOW => Some(Problem::BodyTooSlow),
            DROPPED => Some(Problem::BodyBroken("the connection ended".into())),
            _ => None,
        }
    }
}

impl Body for LimitedBody {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        if let Some(since) = self.unasked.take() {
            let deadline = self.deadline.deadline() + since.elapsed();
            self.deadline.as_mut().reset(deadline);
        }
        let polled = Pin::new(&mut self.incoming).poll_frame(context);
        if polled.is_pending() && self.deadline.as_mut().poll(context).is_ready() {
            return self.cut(TOO_SLOW);
        }
        let polled = ready!(polled);
        self.unasked = Some(Instant::now());
        match polled {
            None => Poll::Ready(None),
            Some(Err(_)) => self.cut(DROPPED),
            Some(Ok(frame)) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                self.received.more(bytes);
                if bytes > self.left {
                    return self.cut(TOO_LARGE);
                }
                self.left -= bytes;
                // Trailers are the connection's own, as far as the upstream is concerned.
                if frame.is_trailers() {
                    return Poll::Ready(None);
                }
                Poll::Ready(Some(Ok(frame)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
