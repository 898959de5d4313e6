//! The line of the log about one request: written once, when its response has ended, however that came about.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Response, StatusCode, Uri};
use http_body::{Body, Frame, SizeHint};
use tallygate_serve::CutOff;

use crate::body::Received;
use crate::limits::LOGGED_BYTES;
use crate::proxy::CutShort;
use crate::reply::ReplyBody;
use crate::trace::Trace;

/// What is known of a request for its line; dropped, it is written.
pub(crate) struct AccessLine {
    pub(crate) began: Instant,
    pub(crate) trace: Trace,
    pub(crate) peer: SocketAddr,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) route: Arc<str>,
    pub(crate) partner: Option<Arc<str>>,
    pub(crate) received: Received,
    pub(crate) cut_off: CutOff,
    pub(crate) response: Sent,
}

/// What became of a response so far.
#[derive(Default)]
pub(crate) struct Sent {
    /// The status, and how long its head took; none before there is one.
    head: Option<(StatusCode, Duration)>,
    /// What the connection took of its body.
    bytes: u64,
    end: Option<End>,
}

/// How a response ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The connection took all of it.
    Whole,
    /// The caller left before that, or did not send its own body to the end.
    Aborted,
    /// The upstream broke off, or the gateway did for a time that was over.
    Cut,
}

/// A response's body, and the line that is written when it ends.
pub(crate) struct Recorded {
    body: ReplyBody,
    line: Box<AccessLine>,
}

impl AccessLine {
    /// The head of the response is there; returns how long that took.
    pub(crate) fn head(&mut self, status: StatusCode) -> Duration {
        let took = self.began.elapsed();
        self.response.head = Some((status, took));
        took
    }

    /// The caller's own body ended before its end; whatever is answered, it has left.
    pub(crate) fn caller_left(&mut self) {
        self.ended(End::Aborted);
    }

    /// It ended, unless it had ended before.
    fn ended(&mut self, end: End) {
        self.response.end.get_or_insert(end);
    }
}

impl Drop for AccessLine {
    fn drop(&mut self) {
        let Sent { head, bytes, end } = self.response;
        let end = match end {
            Some(End::Whole) => "whole",
            Some(End::Cut) => "cut",
            None if self.cut_off.by_server() => "cut",
            None | Some(End::Aborted) => "aborted",
        };
        let took = self.began.elapsed();
        tracing::info!(target: "tallygate::access", "{}", Fields { line: self, head, bytes, end, took });
    }
}

/// The fields as the log has them, written here in one go: a request pays for its line.
struct Fields<'l> {
    line: &'l AccessLine,
    head: Option<(StatusCode, Duration)>,
    bytes: u64,
    end: &'static str,
    took: Duration,
}

impl Display for Fields<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { line, head, bytes, end, took } = self;
        quoted(f, "request=", &line.trace.request)?;
        quoted(f, " traceparent=", &line.trace.traceparent)?;
        write!(f, " peer={}", line.peer)?;
        if let Some(partner) = &line.partner {
            quoted(f, " partner=", partner)?;
        }
        quoted(f, " route=", &line.route)?;
        quoted(f, " method=", &bounded(line.method.as_str()))?;
        quoted(f, " path=", &bounded(line.uri.path()))?;
        if let Some((status, _)) = head {
            write!(f, " status={}", status.as_str())?;
        }
        quoted(f, " end=", end)?;
        write!(f, " received={} sent={bytes}", line.received.bytes())?;
        if let Some((_, took)) = head {
            write!(f, " head_micros={}", took.as_micros() as u64)?;
        }
        write!(f, " micros={}", took.as_micros() as u64)
    }
}

/// A field of text in quotes, in which whatever could be taken for their end or for the line's stands escaped.
fn quoted(f: &mut Formatter<'_>, name: &str, value: &str) -> fmt::Result {
    f.write_str(name)?;
    if value.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')) {
        f.write_str("\"")?;
        f.write_str(value)?;
        f.write_str("\"")
    } else {
        write!(f, "{value:?}")
    }
}

impl Recorded {
    /// A response whose end writes the line.
    pub(crate) fn response(response: Response<ReplyBody>, mut line: Box<AccessLine>) -> Response<Self> {
        let bodiless = matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        // Of such a one the connection asks for nothing.
        if bodiless || line.method == Method::HEAD || response.body().is_end_stream() {
            line.ended(End::Whole);
        }
        response.map(|body| Self { body, line })
    }
}

impl Body for Recorded {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        let Self { body, line } = self.get_mut();
        let polled = ready!(Pin::new(&mut *body).poll_frame(context));
        match &polled {
            None => line.ended(End::Whole),
            Some(Err(_)) => line.ended(End::Cut),
            Some(Ok(frame)) => {
                line.response.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                if frame.is_trailers() || body.is_end_stream() {
                    line.ended(End::Whole);
                }
            }
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What a caller may put into the line at one place.
fn bounded(text: &str) -> Cow<'_, str> {
    match text.len() > LOGGED_BYTES {
        true => format!("{}…", &text[..text.floor_char_boundary(LOGGED_BYTES)]).into(),
        false => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Quoted<'t>(&'t str);

    impl Display for Quoted<'_> {
        fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
            quoted(f, "path=", self.0)
        }
    }

    #[test]
    fn what_a_caller_writes_stays_within_its_field() {
        for text in ["/a b~", "/a\" end=\"whole", "/a\\", "/a\nINFO", "/\u{1b}[31m", "/č\u{2028}"] {
            assert_eq!(Quoted(text).to_string(), format!("path={text:?}"));
        }
    }
}
