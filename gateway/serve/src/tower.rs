//! Serves what speaks `tower_service::Service`, such as an axum `Router`.

use std::convert::Infallible;
use std::error::Error;
use std::future::poll_fn;
use std::net::SocketAddr;

use http::{Request, Response};
use http_body::Body;
use rustls::ServerConnection;

use crate::exchange::Exchange;
use crate::incoming::Incoming;
use crate::service::{ConnectionEvent, Service};
use crate::streamed::Streamed;

/// A tower service on its way to a server. Each request carries its [`Peer`] among its extensions; each response is
/// [streamed](Exchange::stream), so that events can go on for as long as they are read.
///
/// A body that never ends by itself, such as one of events, holds up the server's end until
/// [`Limits::shutdown_time`](crate::Limits::shutdown_time): it should end once whatever tells the server to stop tells it
/// too.
pub struct Tower<T, O = fn(ConnectionEvent)> {
    service: T,
    observer: O,
}

/// Who is at the other end of a request's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

impl<T> Tower<T> {
    /// Serves this, unobserved.
    pub fn new(service: T) -> Self {
        Self { service, observer: |_| () }
    }
}

impl<T, O> Tower<T, O> {
    /// Has its connections observed.
    pub fn observed<P: Fn(ConnectionEvent)>(self, observer: P) -> Tower<T, P> {
        Tower { service: self.service, observer }
    }
}

impl<T, B, O> Service for Tower<T, O>
where
    T: tower_service::Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send>,
    T: Clone + Send + Sync + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Default + Send + Unpin + 'static,
    O: Fn(ConnectionEvent) + Send + Sync + 'static,
{
    type Connection = ();
    type Body = Streamed<B>;

    fn connected(&self, _peer: SocketAddr, _tls: Option<&ServerConnection>) -> Option<()> {
        Some(())
    }

    async fn answer(&self, exchange: &Exchange<()>, mut request: Request<Incoming>) -> Response<Streamed<B>> {
        if let Some(doubt) = exchange.doubt() {
            let mut refused = Response::new(exchange.stream(B::default()));
            *refused.status_mut() = doubt.status();
            return refused;
        }
        request.extensions_mut().insert(Peer(exchange.peer()));
        let mut service = self.service.clone();
        let Ok(()) = poll_fn(|context| service.poll_ready(context)).await;
        let Ok(response) = service.call(request).await;
        response.map(|body| exchange.stream(body))
    }

    fn observe(&self, event: ConnectionEvent) {
        (self.observer)(event);
    }
}
