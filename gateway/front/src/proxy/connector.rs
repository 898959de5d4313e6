//! Connections to targets that read on where they can no longer write: a target that answers a request before it has read
//! all of it, and closes, is heard.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use tower_service::Service;

/// Connects as the inner one does.
#[derive(Clone)]
pub(crate) struct Connector<C>(pub(crate) C);

/// A connection that keeps the failure of a write to itself: the reading side tells how it ends, the answer first if one
/// has come.
pub(crate) struct ReadsOn<S> {
    stream: S,
    /// A write has failed: what is still written goes nowhere.
    written_off: bool,
}

impl<C> Service<Uri> for Connector<C>
where
    C: Service<Uri, Response: Send, Error: Send, Future: Send + 'static>,
{
    type Response = ReadsOn<C::Response>;
    type Error = C::Error;
    type Future = BoxFuture<'static, Result<Self::Response, C::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), C::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let connecting = self.0.call(target);
        Box::pin(async move { Ok(ReadsOn::new(connecting.await?)) })
    }
}

impl<S> ReadsOn<S> {
    fn new(stream: S) -> Self {
        Self { stream, written_off: false }
    }
}

impl<S: Write + Unpin> ReadsOn<S> {
    /// Does what is `written` where it can be.
    fn write<T>(
        &mut self,
        context: &mut Context<'_>,
        written: T,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if self.written_off {
            return Poll::Ready(Ok(written));
        }
        match write(Pin::new(&mut self.stream), context) {
            Poll::Ready(Err(_)) => {
                self.written_off = true;
                // What there is to read may have come before this; the reader looks again.
                context.waker().wake_by_ref();
                Poll::Ready(Ok(written))
            }
            polled => polled,
        }
    }
}

impl<S: Read + Unpin> Read for ReadsOn<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: Write + Unpin> Write for ReadsOn<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.write(context, bytes.len(), |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let bytes = pieces.iter().map(|piece| piece.len()).sum();
        self.write(context, bytes, |stream, context| stream.poll_write_vectored(context, pieces))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write(context, (), |stream, context| stream.poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write(context, (), |stream, context| stream.poll_shutdown(context))
    }
}

impl<S: Connection> Connection for ReadsOn<S> {
    fn connected(&self) -> Connected {
        self.stream.connected()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use bytes::Bytes;
    use http::Request;
    use http_body_util::{BodyExt, Full};
    use hyper::client::conn::http1::handshake;

    use super::*;

    /// A target that takes the head, then breaks off the body, its answer sent just before that.
    #[derive(Default)]
    struct Early {
        taken: usize,
        answer: &'static [u8],
        broken: bool,
        reader: Option<Waker>,
    }

    impl Read for Early {
        fn poll_read(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            mut buffer: ReadBufCursor<'_>,
        ) -> Poll<io::Result<()>> {
            if !self.broken {
                self.reader = Some(context.waker().clone());
                return Poll::Pending;
            }
            buffer.put_slice(std::mem::take(&mut self.answer));
            Poll::Ready(Ok(()))
        }
    }

    impl Write for Early {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            if self.taken > 0 {
                self.broken = true;
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            self.taken = bytes.len().min(1000);
            Poll::Ready(Ok(self.taken))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    async fn asked(answer: &'static [u8]) -> Result<(u16, Bytes), hyper::Error> {
        let stream = ReadsOn::new(Early { answer, ..Early::default() });
        let (mut sender, connection) = handshake(stream).await?;
        let request = Request::post("/x").header("host", "a").body(Full::new(Bytes::from(vec![0; 1_000_000])));
        let asking = async {
            let response = sender.send_request(request.unwrap()).await?;
            Ok((response.status().as_u16(), response.into_body().collect().await?.to_bytes()))
        };
        let (answered, _) = tokio::join!(asking, connection);
        answered
    }

    #[tokio::test]
    async fn an_answer_is_read_though_the_body_could_not_be_written() {
        let answer = b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno";
        assert_eq!(asked(answer).await.unwrap(), (413, Bytes::from("no")));
    }

    #[tokio::test]
    async fn where_there_is_no_answer_the_request_fails() {
        assert!(asked(b"").await.unwrap_err().is_incomplete_message());
    }
}
