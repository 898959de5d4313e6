//! An upstream on loopback that keeps what it is asked and answers what it is told to.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::message::header;
use super::tried::Sent;

/// An upstream of one trial.
pub(super) struct Upstream {
    socket: TcpListener,
    response: Response<Bytes>,
    asked: Mutex<Option<Sent>>,
}

impl Upstream {
    /// One that answers with this file: a response of HTTP, from its `HTTP/1.1` on, or a body for a status 200.
    ///
    /// # Errors
    /// When there is no socket, or the response is none.
    pub(super) async fn answering(response: Option<&(Vec<u8>, &str)>) -> Result<Self> {
        let response = match response {
            None => Response::new(Bytes::new()),
            Some((bytes, _)) if bytes.starts_with(b"HTTP/") => parsed(bytes)?,
            Some((bytes, kind)) => {
                Response::builder().header(CONTENT_TYPE, *kind).body(Bytes::copy_from_slice(bytes))?
            }
        };
        let socket = TcpListener::bind("127.0.0.1:0").await.context("no socket for an upstream")?;
        Ok(Self { socket, response, asked: Mutex::default() })
    }

    pub(super) fn address(&self) -> Result<SocketAddr> {
        Ok(self.socket.local_addr()?)
    }

    /// The request it was asked, if it was.
    pub(super) fn asked(&self) -> Option<Sent> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Answers for as long as it is polled, one connection at a time.
    pub(super) async fn serve(&self) -> Result<()> {
        loop {
            let (stream, _) = self.socket.accept().await?;
            let service = service_fn(|request| self.answer(request));
            let mut server = hyper::server::conn::http1::Builder::new();
            // What breaks a connection is the gateway's to tell.
            let _ = server.keep_alive(false).serve_connection(TokioIo::new(stream), service).await;
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (mut parts, body) = request.into_parts();
        let Ok(body) = body.collect().await else {
            let mut broken = Response::new(Full::default());
            *broken.status_mut() = StatusCode::BAD_REQUEST;
            return Ok(broken);
        };
        // Of this connection, and not of the message.
        for name in [HOST, CONTENT_LENGTH, TRANSFER_ENCODING] {
            parts.headers.remove(name);
        }
        let target = parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
        let sent = Sent { method: parts.method.to_string(), target, headers: parts.headers, body: body.to_bytes() };
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(sent);
        Ok(self.response.clone().map(Full::new))
    }
}

/// A response of HTTP/1: a line with the status, header fields, an empty line, and the body up to the end.
fn parsed(bytes: &[u8]) -> Result<Response<Bytes>> {
    let mut rest = bytes;
    let mut line = || -> Result<String> {
        let Some(end) = rest.iter().position(|&byte| byte == b'\n') else {
            bail!("the response has no empty line between its head and its body");
        };
        let line = String::from_utf8_lossy(&rest[..end]).trim_end().to_owned();
        rest = &rest[end + 1..];
        Ok(line)
    };
    let first = line()?;
    let status = first.split(' ').nth(1).and_then(|status| status.parse::<StatusCode>().ok());
    let Some(status) = status else { bail!("the response begins with {first:?}, and would with HTTP/1.1 200 OK") };
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    loop {
        let field = line()?;
        if field.is_empty() {
            break;
        }
        let (name, value) = header(&field)?;
        if name != CONTENT_LENGTH && name != TRANSFER_ENCODING {
            response.headers_mut().append(name, value);
        }
    }
    *response.body_mut() = Bytes::copy_from_slice(rest);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_response_is_read_with_either_end_of_line() {
        for ends in ["\n", "\r\n"] {
            let text = "HTTP/1.1 402 Payment Required|x-a: 1|content-length: 99||no\nmoney".replace('|', ends);
            let response = parsed(text.as_bytes()).unwrap();
            assert_eq!((response.status().as_u16(), &response.body()[..]), (402, &b"no\nmoney"[..]));
            assert_eq!(response.headers().len(), 1);
            assert_eq!(response.headers()["x-a"], "1");
        }
        for broken in ["HTTP/1.1 200 OK", "HTTP/1.1\n\n", "HTTP/1.1 200\nno colon\n\n"] {
            assert!(parsed(broken.as_bytes()).is_err(), "{broken}");
        }
    }
}
