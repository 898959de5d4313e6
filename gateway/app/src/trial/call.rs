//! One request to a trial's gateway.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use http::header::{CONNECTION, CONTENT_LENGTH, DATE, HOST};
use http::{HeaderValue, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::message::TrialMessage;
use super::tried::Reply;

/// The host that the partner calls.
const OUR_HOST: HeaderValue = HeaderValue::from_static("localhost");

/// Sends a message and waits for its reply, without what belongs to the connection and the hour.
pub(super) async fn reply(gateway: SocketAddr, message: &TrialMessage) -> Result<Reply> {
    let mut request = Request::builder()
        .method(message.method.clone())
        .uri(&message.target)
        .body(Full::new(message.body.clone()))
        .with_context(|| format!("{:?} is no path and query such as /invoices?test=1", message.target))?;
    *request.headers_mut() = message.headers.clone();
    request.headers_mut().entry(HOST).or_insert(OUR_HOST);
    let stream = TcpStream::connect(gateway).await.context("the trial's gateway cannot be reached")?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // It goes with its sender, and the connection with that.
    let answer = async move {
        let (mut parts, body) = sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        for name in [CONNECTION, CONTENT_LENGTH, DATE] {
            parts.headers.remove(name);
        }
        anyhow::Ok(Reply { status: parts.status.as_u16(), headers: parts.headers, body })
    };
    let (answer, _) = tokio::join!(answer, connection);
    answer.context("the trial's gateway gave no answer")
}
