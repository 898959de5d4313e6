//! An answer on its way out: its body, or none where its request or its status has no room for one.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::CONTENT_LENGTH;
use http::{Method, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use tokio_util::sync::DropGuard;

use crate::connection::Connection;

/// The body of an answer on a connection of which a service keeps `C`. Its end is told.
pub(crate) struct Answer<B, C> {
    body: Option<B>,
    _ended: Option<DropGuard>,
    _unwritten: Option<Unwritten<C>>,
}

/// An answer over HTTP/1.1 that may still have something to be written; dropped, it has not.
pub(crate) struct Unwritten<C>(pub(crate) Arc<Connection<C>>);

impl<C> Drop for Unwritten<C> {
    fn drop(&mut self) {
        self.0.activity.answered();
    }
}

impl<B: Body, C> Answer<B, C> {
    /// The answer to a request over HTTP/1.1.
    pub(crate) fn over_http1(response: Response<B>, unwritten: Unwritten<C>) -> Response<Self> {
        response.map(|body| Self { body: Some(body), _ended: None, _unwritten: Some(unwritten) })
    }

    /// The answer to a request of this method over HTTP/2, where hyper sends a body whatever is asked for. An answer to
    /// HEAD has the length that one to GET would have, and nothing else of its body; one that says that it has no content
    /// has neither, and callers break off over one that does (RFC 9110, 8.6, 9.3.2, 15.3.5 and 15.4.5).
    pub(crate) fn over_http2(response: Response<B>, method: &Method, ended: Option<DropGuard>) -> Response<Self> {
        let (mut head, body) = response.into_parts();
        let is_head = *method == Method::HEAD;
        if head.status == StatusCode::NO_CONTENT {
            head.headers.remove(CONTENT_LENGTH);
        } else if is_head
            && !body.is_end_stream()
            && let Some(length) = body.size_hint().exact()
        {
            head.headers.entry(CONTENT_LENGTH).or_insert(length.into());
        }
        let bodiless = is_head || matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        Response::from_parts(head, Self { body: (!bodiless).then_some(body), _ended: ended, _unwritten: None })
    }
}

impl<B: Body + Unpin, C> Body for Answer<B, C> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
