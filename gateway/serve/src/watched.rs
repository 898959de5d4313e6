//! A socket that tells what its connection is doing.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::activity::Activity;
use crate::limits::{REST_BYTES, REST_TIME};

/// A socket whose stalls are noticed.
pub(crate) struct Watched<S> {
    socket: S,
    activity: Arc<Activity>,
    /// What has been read of what comes next.
    first: Option<u8>,
    /// Where the caller still sends though the answer has ended.
    rest: Option<Rest>,
    /// Where what comes is not understood, what is still to be said of it.
    refusal: Option<Vec<u8>>,
}

impl<S> Watched<S> {
    pub(crate) fn new(socket: S, activity: Arc<Activity>) -> Self {
        Self { socket, activity, first: None, rest: None, refusal: None }
    }
    fn wrote(&self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.activity.wrote(match &result {
            Poll::Pending => None,
            Poll::Ready(taken) => Some(taken.as_ref().map_or(0, |taken| *taken)),
        });
        result
    }

    fn flushed(&self, result: Poll<io::Result<()>>) -> Poll<io::Result<()>> {
        self.activity.wrote(result.is_ready().then_some(0));
        result
    }
}

impl<S: AsyncRead + Unpin> Watched<S> {
    /// Waits for what comes next, at no buffer; false where nothing will. Its first byte is what is read first then.
    pub(crate) fn poll_first(&mut self, context: &mut Context<'_>) -> Poll<bool> {
        let mut byte = [MaybeUninit::uninit()];
        let mut buffer = ReadBuf::uninit(&mut byte);
        if Pin::new(&mut self.socket).poll_read(context, &mut buffer).is_pending() {
            self.activity.read_dry();
            return Poll::Pending;
        }
        self.first = buffer.filled().first().copied();
        Poll::Ready(self.first.is_some())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (before, room) = (buffer.filled().len(), buffer.remaining() > 0);
        if room && let Some(first) = self.first.take() {
            buffer.put_slice(&[first]);
        }
        loop {
            let this = &mut *self;
            // What it still sends is read away, so that it reads the refusal before it sees the end.
            if let Some(refusal) = this.refusal.as_mut().filter(|refusal| !refusal.is_empty()) {
                let written = ready!(Pin::new(&mut this.socket).poll_write(context, refusal))?;
                refusal.drain(..written);
                continue;
            }
            let polled = Pin::new(&mut self.socket).poll_read(context, buffer);
            let came = &buffer.filled()[before..];
            let result = match polled {
                Poll::Ready(result) => result,
                Poll::Pending if !came.is_empty() => Ok(()),
                Poll::Pending => {
                    self.activity.read_dry();
                    return Poll::Pending;
                }
            };
            if came.is_empty() && result.is_ok() && room && self.activity.may_wait() {
                return Poll::Pending;
            }
            if came.is_empty() || (self.refusal.is_none() && self.activity.read(came)) {
                return Poll::Ready(result);
            }
            buffer.set_filled(before);
            self.refusal.get_or_insert_with(use_http_1);
        }
    }
}

/// Says in HTTP/2 that HTTP/1.1 is required: empty settings, and the end of the connection with its reason (RFC 9113, 6.5,
/// 6.8 and 7).
fn use_http_1() -> Vec<u8> {
    const WHY: &[u8] = b"without TLS this is HTTP/1.1";
    const HTTP_1_1_REQUIRED: u8 = 0x0d;
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let goaway = [0, 0, 8 + WHY.len() as u8, 7, 0, 0, 0, 0, 0];
    let last_stream_and_code = [0, 0, 0, 0, 0, 0, 0, HTTP_1_1_REQUIRED];
    [&settings[..], &goaway, &last_stream_and_code, WHY].concat()
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.wrote(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.socket).poll_write_vectored(context, pieces);
        self.wrote(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.socket).poll_flush(context);
        self.flushed(result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.rest.is_none() {
            this.activity.ends();
            let result = Pin::new(&mut this.socket).poll_shutdown(context);
            ready!(this.flushed(result))?;
            if this.activity.is_between_messages() {
                return Poll::Ready(Ok(()));
            }
        }
        // A socket that is closed while something is unread resets the connection, and the answer may be lost with it.
        let rest = this.rest.get_or_insert_with(Rest::new);
        rest.poll_away(&mut this.socket, context).map(Ok)
    }
}

/// What a caller still sends: read away for a while.
struct Rest {
    left: usize,
    until: Pin<Box<Sleep>>,
}

impl Rest {
    fn new() -> Self {
        Self { left: REST_BYTES, until: Box::pin(sleep(REST_TIME)) }
    }

    /// Ready once the caller has ended, or its time has.
    fn poll_away<S: AsyncRead + Unpin>(&mut self, socket: &mut S, context: &mut Context<'_>) -> Poll<()> {
        let mut bytes = [MaybeUninit::uninit(); 4096];
        while self.left > 0 {
            let mut buffer = ReadBuf::uninit(&mut bytes);
            match Pin::new(&mut *socket).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    self.left = self.left.saturating_sub(buffer.filled().len());
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => break,
            }
        }
        self.until.as_mut().poll(context)
    }
}
