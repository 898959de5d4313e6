//! HTTP/1.1 on one connection: hyper speaks it while there is something to say, and nothing of hyper's is held while the
//! connection only waits for its caller.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1::{Builder, Connection, Parts};
use hyper::service::HttpService;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::activity::Activity;
use crate::drive::{Broken, Driven};
use crate::limits::{BUFFER_BYTES, HEADERS, Limits, SETTLED_TIME};
use crate::watched::Watched;

/// A connection of HTTP/1.1 whose requests go to this service.
pub(crate) struct Http1<'l, I, S: HttpService<Incoming>> {
    limits: &'l Limits,
    activity: Arc<Activity>,
    phase: Phase<I, S>,
    /// It had nothing to do when it was last looked at.
    settles: bool,
    settled_time: Duration,
}

enum Phase<I, S: HttpService<Incoming>> {
    /// The caller has sent nothing, or nothing since it was answered.
    Waits(Watched<I>, S),
    Speaks(Box<Connection<TokioIo<Watched<I>>, S>>),
    Ends(Watched<I>),
    Ended,
}

impl<'l, I, S> Http1<'l, I, S>
where
    I: AsyncRead + AsyncWrite + Unpin,
    S: HttpService<Incoming, ResBody: 'static>,
    <S::ResBody as Body>::Error: Into<Box<dyn Error + Send + Sync>>,
{
    pub(crate) fn new(io: I, activity: Arc<Activity>, service: S, limits: &'l Limits) -> Self {
        let phase = Phase::Waits(Watched::new(io, activity.clone()), service);
        Self { limits, activity, phase, settles: false, settled_time: SETTLED_TIME }
    }

    fn take_phase(&mut self) -> Phase<I, S> {
        std::mem::replace(&mut self.phase, Phase::Ended)
    }

    fn speaks(&self, io: Watched<I>, service: S) -> Phase<I, S> {
        let connection = Builder::new()
            // The connection's own checks count a head's time from its first byte, at no timer a request.
            .header_read_timeout(None)
            .max_headers(HEADERS)
            .max_header_size(self.limits.header_bytes)
            // A head that has not ended yet is bounded too, by what is held of it.
            .max_buf_size(self.limits.header_bytes.max(BUFFER_BYTES))
            .pipeline_flush(false)
            .serve_connection(TokioIo::new(io), service);
        Phase::Speaks(Box::new(connection))
    }

    /// What is left of a connection that has had nothing to do for a while.
    fn waits(&self, connection: Connection<TokioIo<Watched<I>>, S>) -> Phase<I, S> {
        self.activity.settle();
        let Parts { io, read_buf, service, .. } = connection.into_parts();
        let io = io.into_inner();
        // Empty lines between requests mean nothing (RFC 9112, 2.2). There is nothing else, as each head that came was taken out.
        if read_buf.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
            Phase::Waits(io, service)
        } else {
            Phase::Ends(io)
        }
    }
}

impl<I, S> Driven for Http1<'_, I, S>
where
    I: AsyncRead + AsyncWrite + Unpin,
    S: HttpService<Incoming, ResBody: 'static>,
    <S::ResBody as Body>::Error: Into<Box<dyn Error + Send + Sync>>,
{
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        loop {
            match &mut self.phase {
                Phase::Waits(io, _) => {
                    let came = ready!(io.poll_first(context));
                    if let Phase::Waits(io, service) = self.take_phase() {
                        self.phase = if came { self.speaks(io, service) } else { Phase::Ends(io) };
                    }
                }
                Phase::Speaks(connection) => {
                    let settles = std::mem::take(&mut self.settles);
                    if settles {
                        self.activity.looks_for_waiting();
                    }
                    if let Poll::Ready(ended) = Pin::new(connection).poll(context) {
                        return Poll::Ready(ended.map_err(Into::into));
                    }
                    if !settles || !self.activity.is_settled(self.settled_time) {
                        return Poll::Pending;
                    }
                    if let Phase::Speaks(connection) = self.take_phase() {
                        self.phase = self.waits(*connection);
                    }
                }
                Phase::Ends(io) => return Pin::new(io).poll_shutdown(context).map_err(Into::into),
                Phase::Ended => return Poll::Ready(Ok(())),
            }
        }
    }

    fn drain(&mut self) {
        match self.take_phase() {
            Phase::Waits(io, _) => self.phase = Phase::Ends(io),
            Phase::Speaks(mut connection) => {
                Pin::new(&mut *connection).graceful_shutdown();
                self.phase = Phase::Speaks(connection);
            }
            phase => self.phase = phase,
        }
    }

    fn checked(&mut self) {
        self.settles = matches!(self.phase, Phase::Speaks(_)) && self.activity.is_settled(self.settled_time);
    }
}

#[cfg(test)]
mod tests;
