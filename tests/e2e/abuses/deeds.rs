//! The ways in which a gateway is misused, one after the other.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::attacker::{Attacker, Body};

const MIB: usize = 1024 * 1024;
/// A pause of whoever sends as slowly as it is let.
const DRIP: Duration = Duration::from_secs(1);

/// One way to misuse a gateway.
pub struct Deed {
    pub name: &'static str,
    pub act: fn(Attacker) -> Pin<Box<dyn Future<Output = ()> + Send>>,
}

macro_rules! deeds {
    ($($act:ident),* $(,)?) => {
        /// All of them.
        pub const DEEDS: &[Deed] = &[$(Deed { name: stringify!($act), act: |attacker| Box::pin($act(attacker)) }),*];
    };
}

deeds![
    streams_whose_bodies_drip,
    requests_whose_bodies_never_come,
    uploads_that_lack_their_last_byte,
    connections_that_say_nothing,
    half_heads,
    replies_that_nobody_reads,
    replies_that_are_read_at_a_crawl,
    batches_as_large_as_they_may_be,
    large_bodies_without_a_length,
    policies_that_turn_in_circles,
    pipelined_requests,
    requests_that_are_refused,
    requests_that_are_broken_off,
    namespaces_to_look_up,
    upstreams_that_hang_in_a_response,
    uploads_parked_replies_and_half_heads_together,
];

/// The head of a request of this attacker's partner.
fn head(path: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    )
}

fn whole(path: &str, body: &str) -> Vec<u8> {
    let head = head(path, body.len()).replacen("\r\n", "\r\nconnection: close\r\n", 1);
    [head.as_bytes(), body.as_bytes()].concat()
}

/// Says this, and waits for what the gateway makes of it.
fn saying(said: Vec<u8>) -> impl Fn(Attacker) -> Pin<Box<dyn Future<Output = io::Result<()>> + Send>> {
    let said = Bytes::from(said);
    move |attacker| {
        let said = said.clone();
        Box::pin(async move { attacker.say_and_wait(&said).await })
    }
}

/// An echo of so many bytes, which the gateway answers with as many.
pub(super) fn echo(bytes: usize) -> String {
    format!(
        "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body>\
         <EchoRequest xmlns='http://www.apis-it.hr/fin/2012/types/f73'>{}</EchoRequest></e:Body></e:Envelope>",
        "x".repeat(bytes)
    )
}

async fn streams_whose_bodies_drip(attacker: Attacker) {
    let connection = |attacker: Attacker| async move {
        let (sender, _driver) = attacker.http2(65_535).await?;
        let stream = |attacker: Attacker| {
            let mut sender = sender.clone();
            async move {
                let drops = futures::stream::unfold((), |()| async {
                    tokio::time::sleep(DRIP).await;
                    Some((Ok::<_, io::Error>(Frame::data(Bytes::from_static(b" "))), ()))
                });
                let request = Request::post(attacker.url("/v1/transactions"))
                    .body(StreamBody::new(drops).boxed())
                    .map_err(io::Error::other)?;
                sender.ready().await.map_err(io::Error::other)?;
                sender.send_request(request).await.map(drop).map_err(io::Error::other)
            }
        };
        attacker.at_once(128, stream).await;
        Ok(())
    };
    attacker.at_once(8, connection).await;
}

async fn requests_whose_bodies_never_come(attacker: Attacker) {
    attacker.at_once(1030, saying(head("/v1/transactions", 9).into_bytes())).await;
}

async fn uploads_that_lack_their_last_byte(attacker: Attacker) {
    let said = [head("/v1/transactions", 8 * MIB).into_bytes(), vec![b' '; 8 * MIB - 1]].concat();
    attacker.at_once(32, saying(said)).await;
}

async fn connections_that_say_nothing(attacker: Attacker) {
    let nothing = |attacker: Attacker| async move { attacker.tcp().await?.read(&mut [0; 1]).await.map(drop) };
    attacker.at_once(4096, nothing).await;
}

async fn half_heads(attacker: Attacker) {
    let said =
        format!("POST /v1/transactions HTTP/1.1\r\nhost: localhost\r\nx-long: {}", "x".repeat(30_000)).into_bytes();
    attacker.at_once(4096, saying(said)).await;
}

async fn replies_that_nobody_reads(attacker: Attacker) {
    let body = Bytes::from(echo(4 * MIB));
    let Ok((sender, _driver)) = attacker.http2(0).await else { return };
    let stream = |attacker: Attacker| {
        let (mut sender, body) = (sender.clone(), body.clone());
        async move {
            let body: Body = Full::new(body).map_err(|never| match never {}).boxed();
            let request = Request::post(attacker.url("/tills"))
                .header("content-type", "text/xml")
                .body(body)
                .map_err(io::Error::other)?;
            sender.ready().await.map_err(io::Error::other)?;
            let parked = sender.send_request(request).await.map_err(io::Error::other)?;
            // It has the head, and lets nothing of the body come.
            parked.into_body().collect().await.map(drop).map_err(io::Error::other)
        }
    };
    attacker.at_once(128, stream).await;
}

async fn replies_that_are_read_at_a_crawl(attacker: Attacker) {
    let asked = Bytes::from(whole("/tills", &echo(4 * MIB)));
    let crawl = |attacker: Attacker| {
        let asked = asked.clone();
        async move {
            let mut stream = attacker.http1().await?;
            stream.write_all(&asked).await?;
            let mut byte = [0; 1];
            while stream.read(&mut byte).await? > 0 {
                tokio::time::sleep(DRIP).await;
            }
            Ok(())
        }
    };
    attacker.at_once(64, crawl).await;
}

async fn batches_as_large_as_they_may_be(attacker: Attacker) {
    let one = r#"{"id":"a","time":"2000-01-01T00:00:00Z","key":"K","amount":"1","currency":"EUR"},"#;
    let body = format!("[{}", one.repeat(8 * MIB / one.len() - 1));
    let batch = whole("/v1/transactions", &format!("{}]", body.trim_end_matches(',')));
    attacker.at_once(32, saying(batch)).await;
}

async fn large_bodies_without_a_length(attacker: Attacker) {
    let head =
        "POST /v1/transactions HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    let said = [head.as_bytes(), b"900000\r\n", &vec![b' '; 0x0090_0000]].concat();
    attacker.at_once(8, saying(said)).await;
}

async fn policies_that_turn_in_circles(attacker: Attacker) {
    let asked = whole("/circling", "");
    attacker.at_once(64, saying(asked)).await;
}

async fn pipelined_requests(attacker: Attacker) {
    let many = Bytes::from(head("/tills", 0).repeat(64));
    let pipeline = |attacker: Attacker| {
        let many = many.clone();
        async move {
            let (mut reader, mut writer) = tokio::io::split(attacker.http1().await?);
            let write = async {
                loop {
                    writer.write_all(&many).await?;
                }
            };
            let read = async {
                let mut answers = vec![0; 65_536];
                while reader.read(&mut answers).await? > 0 {}
                io::Result::Ok(())
            };
            tokio::select! { done = write => done, done = read => done }
        }
    };
    attacker.at_once(200, pipeline).await;
}

async fn requests_that_are_refused(attacker: Attacker) {
    let asked = whole("/invoices", "");
    attacker.unnamed().at_once(64, saying(asked)).await;
}

async fn requests_that_are_broken_off(attacker: Attacker) {
    let begun = Bytes::from(head("/v1/transactions", 1000) + "{\"id\":");
    let begin = |attacker: Attacker| {
        let begun = begun.clone();
        async move { attacker.http1().await?.write_all(&begun).await }
    };
    attacker.at_once(64, begin).await;
}

async fn namespaces_to_look_up(attacker: Attacker) {
    let (mut open, mut close) = (String::new(), String::new());
    for level in 0..60 {
        let bindings: String = (0..63).map(|n| format!(" xmlns:n{level}x{n}='urn:{level}-{n}'")).collect();
        open.push_str(&format!("<q{bindings}>"));
        close.push_str("</q>");
    }
    let body = format!(
        "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Header>{open}{}{close}</e:Header></e:Envelope>",
        "<q/>".repeat(50_000)
    );
    let asked = whole("/tills", &body);
    attacker.at_once(8, saying(asked)).await;
}

async fn upstreams_that_hang_in_a_response(attacker: Attacker) {
    let Ok(upstream) = tokio::net::TcpListener::bind(("127.0.0.1", attacker.upstream)).await else { return };
    let hang = async {
        let mut hung = tokio::task::JoinSet::new();
        while let Ok((mut stream, _)) = upstream.accept().await {
            hung.spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nhalf").await;
                // Until the gateway leaves.
                let _ = stream.read(&mut [0; 1]).await;
            });
        }
    };
    let asked = whole("/behind", "");
    let ask = attacker.at_once(1030, saying(asked));
    tokio::select! { () = hang => {}, () = ask => {} }
}

async fn uploads_parked_replies_and_half_heads_together(attacker: Attacker) {
    tokio::join!(
        uploads_that_lack_their_last_byte(attacker.clone()),
        replies_that_nobody_reads(attacker.clone()),
        half_heads(attacker)
    );
}
