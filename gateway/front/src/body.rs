//! A request's body on its way in: refused by its announced length, by its real one, or by its time.

use std::fmt::Display;
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
use tallygate_serve::Incoming;
use tokio::time::{Instant, Sleep};

use crate::held::Held;
use crate::limits::{BODY_GRACE, BODY_RATE, BODY_STEP_BYTES, BodyLimits, Limits};
use crate::memory::needed;
use crate::problem::Problem;

/// A body that has not been read yet.
pub(crate) struct RequestBody {
    incoming: Incoming,
    limit: usize,
    whole_limit: usize,
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
        limits: BodyLimits,
        received: Received,
    ) -> Result<Self, Problem> {
        let limit = limits.bytes;
        let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|length| length > limit as u64) {
            return Err(Problem::BodyTooLarge(limit));
        }
        Ok(Self {
            incoming,
            limit,
            whole_limit: limits.whole_bytes,
            since: Instant::now(),
            time: limits.time,
            received,
        })
    }

    /// The whole of it, in one piece. What a request with such a body needs is reserved before it is held.
    pub(crate) async fn whole(self, held: &mut Held) -> Result<Vec<u8>, Problem> {
        let due = |bytes| self.since + self.time.min(time_for(bytes));
        let limit = self.whole_limit;
        whole(self.incoming, limit, held, &self.received, due).await.map_err(|error| match error {
            Unread::Broken(error) => Problem::BodyBroken(error),
            Unread::TooLarge => Problem::BodyTooLarge(limit),
            Unread::TooSlow => Problem::BodyTooSlow,
            Unread::NoMemory(problem) => problem,
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

/// The whole body of an upstream's response, which has this time to come, with what it needs reserved as for a request's.
pub(crate) async fn response(
    incoming: hyper::body::Incoming,
    held: &mut Held,
    limits: &Limits,
    time: Duration,
) -> Result<Vec<u8>, Problem> {
    let limit = limits.body_bytes;
    let due = Instant::now() + time;
    let read = whole(incoming, limit, held, &Received::default(), |_| due).await;
    read.map_err(|error| match error {
        Unread::Broken(error) => Problem::UpstreamAway(format!("its response: {error}")),
        Unread::TooLarge => Problem::ResponseTooLarge(limit),
        Unread::TooSlow => Problem::UpstreamSlow,
        Unread::NoMemory(problem) => problem,
    })
}

/// Why a body could not be read whole.
enum Unread {
    Broken(String),
    TooLarge,
    TooSlow,
    NoMemory(Problem),
}

/// How long so many bytes may take, however much time there is for the whole: one that drips is cut before that.
fn time_for(bytes: usize) -> Duration {
    BODY_GRACE + Duration::from_millis((bytes as u64).saturating_mul(1000) / BODY_RATE)
}

/// `due` tells until when the next bytes must come, after so many.
async fn whole<B>(
    mut incoming: B,
    limit: usize,
    held: &mut Held,
    received: &Received,
    due: impl Fn(usize) -> Instant,
) -> Result<Vec<u8>, Unread>
where
    B: Body<Data = Bytes, Error: Display> + Unpin,
{
    let announced = incoming.size_hint().exact().map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    if announced.is_some_and(|announced| announced > limit) {
        return Err(Unread::TooLarge);
    }
    let mut whole = Vec::new();
    let mut make_room = |whole: &mut Vec<u8>, bytes: usize| {
        held.at_least(needed(bytes)).map_err(Unread::NoMemory)?;
        whole.reserve_exact(bytes - whole.len());
        Ok(())
    };
    if let Some(announced) = announced {
        make_room(&mut whole, announced)?;
    }
    loop {
        let next = tokio::time::timeout_at(due(whole.len()), incoming.frame());
        let Some(frame) = next.await.map_err(|_| Unread::TooSlow)? else {
            return Ok(whole);
        };
        let frame = frame.map_err(|error| Unread::Broken(error.to_string()))?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        received.more(data.len());
        if data.len() > limit - whole.len() {
            return Err(Unread::TooLarge);
        }
        let bytes = whole.len() + data.len();
        if bytes > whole.capacity() {
            make_room(&mut whole, bytes.next_power_of_two().max(BODY_STEP_BYTES).min(limit))?;
        }
        whole.extend_from_slice(data);
    }
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
