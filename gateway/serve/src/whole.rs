//! A body that is there as a whole, on its way to a caller who may take its time.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::activity::{Activity, InProgress};
use crate::limits::PIECE_BYTES;

/// A whole body, handed on piece by piece, so that the connection never holds much more of it than its caller takes.
#[derive(Debug)]
pub struct Whole {
    rest: Bytes,
    /// None where there is nothing to be taken.
    watched: Option<(Arc<Activity>, Arc<AtomicU64>)>,
}

/// The bytes with all that lasts as long as any of them have not been sent.
struct Unsent<K> {
    bytes: Bytes,
    _kept: K,
    _in_progress: InProgress,
    _delivered: Arc<AtomicU64>,
}

impl Whole {
    pub(crate) fn new<K: Send + 'static>(bytes: Bytes, kept: K, in_progress: InProgress) -> Self {
        if bytes.is_empty() {
            return Self { rest: bytes, watched: None };
        }
        let activity = in_progress.activity().clone();
        let delivered = in_progress.watch();
        // It can be taken from now on.
        delivered.store(activity.now(), Ordering::Relaxed);
        let watched = Some((activity, delivered.clone()));
        let unsent = Unsent { bytes, _kept: kept, _in_progress: in_progress, _delivered: delivered };
        Self { rest: Bytes::from_owner(unsent), watched }
    }
}

impl<K> AsRef<[u8]> for Unsent<K> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Body for Whole {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Self { rest, watched } = self.get_mut();
        if rest.is_empty() {
            return Poll::Ready(None);
        }
        if let Some((activity, delivered)) = watched {
            delivered.store(activity.now(), Ordering::Relaxed);
        }
        let piece = match rest.len() {
            // Nothing of it is left here, so that it ends with the piece.
            ..=PIECE_BYTES => {
                *watched = None;
                std::mem::take(rest)
            }
            _ => rest.split_to(PIECE_BYTES),
        };
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
