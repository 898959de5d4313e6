//! A reply on its way out: a policy's, whole, or an upstream's, as it comes.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, DATE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use tallygate_host::{Header, Reply};
use tallygate_serve::Whole;

use crate::proxy::{CutShort, Streamed, is_hop_by_hop};

/// The body of a reply.
pub(crate) enum ReplyBody {
    /// All of it.
    Whole(Whole),
    /// An upstream's.
    Streamed(Box<Streamed>),
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        match self.get_mut() {
            Self::Whole(whole) => Pin::new(whole)
                .poll_frame(context)
                .map(|frame| frame.map(|frame| frame.map_err(|never| match never {}))),
            Self::Streamed(streamed) => Pin::new(&mut **streamed).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.is_end_stream(),
            Self::Streamed(streamed) => streamed.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => whole.size_hint(),
            Self::Streamed(streamed) => streamed.size_hint(),
        }
    }
}

/// A policy's reply, without what belongs to the connection.
pub(crate) fn response(reply: Reply) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = fields(reply.headers, |name| name == DATE);
    response
}

/// A policy's header fields, without those of the connection, the length, and what else is `dropped`.
pub(crate) fn fields(headers: Vec<Header>, dropped: impl Fn(&HeaderName) -> bool) -> HeaderMap {
    let mut map = HeaderMap::new();
    for header in headers {
        // The host has checked the characters already, so nothing is lost by passing over what does not convert.
        let (Ok(name), Ok(value)) = (HeaderName::try_from(header.name), HeaderValue::try_from(header.value)) else {
            continue;
        };
        if name != CONTENT_LENGTH && !is_hop_by_hop(&name) && !dropped(&name) {
            // Beyond what a map can hold at all, fields are dropped too.
            let _ = map.try_append(name, value);
        }
    }
    map
}
