//! What one caller may hold while others need it.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use futures::future::join_all;
use http::{Method, Request};
use http_body::Frame;
use http_body_util::{Full, StreamBody};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tallygate_front::ClientAuth;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::limits::connected;
use crate::site::{Answer, Caller, Site, cn, key, line};

/// A site with two partners beside the routes' own: their keys are their names.
fn with_two_partners(mut site: Site) -> Site {
    site.partner("greedy", vec![key("greedy")]);
    site.partner("modest", vec![key("modest")]);
    site
}

async fn post(caller: &Caller, partner: &str, body: String) -> Answer {
    let mut request = caller.request(Method::POST, "/accept");
    // Else its certificate says who it is.
    if !partner.is_empty() {
        request = request.header("x-api-key", partner);
    }
    caller.send(request.body(Full::from(body)).unwrap()).await
}

/// A request of the greedy partner's whose body has begun, and comes no further.
async fn begun(to: SocketAddr, length: usize, sent: usize) -> TcpStream {
    let head = format!("POST /accept HTTP/1.1\r\nhost: a\r\nx-api-key: greedy\r\ncontent-length: {length}\r\n\r\n");
    let mut stream = connected(to, &head).await;
    stream.write_all(&vec![b'x'; sent]).await.unwrap();
    stream
}

#[tokio::test]
async fn a_partner_with_a_thousand_slow_bodies_does_not_keep_another_from_being_served() {
    let served = with_two_partners(Site::plain()).serve();
    let held = join_all((0..1024).map(|_| begun(served.address(), 9, 0))).await;
    let refused = r#"front_short_total{what="places",why="share"}"#;
    served.until(|served| served.in_flight(768) && served.counted(refused) == 1024 - 768).await;
    let caller = served.caller();
    assert_eq!(post(&caller, "modest", line("1", "1")).await.status, 202);
    let answer = post(&caller, "greedy", line("2", "1")).await;
    assert_eq!((answer.status, answer.headers.contains_key("retry-after")), (503, true));
    assert!(answer.body.contains("share-taken"), "{}", answer.body);
    drop(held);
    served.until(|served| served.in_flight(0)).await;
    assert_eq!(post(&caller, "greedy", line("2", "1")).await.status, 202);
}

#[tokio::test]
async fn uploads_that_never_end_take_the_memory_of_their_partner_alone() {
    let served = with_two_partners(Site::plain()).serve();
    let length = 8 << 20;
    let held = join_all((0..32).map(|_| begun(served.address(), length, 100_000))).await;
    let refused = r#"front_short_total{what="memory",why="share"}"#;
    served.until(|served| served.in_flight(8) && served.counted(refused) == 24).await;
    let caller = served.caller();
    assert_eq!(post(&caller, "modest", line("1", "1")).await.status, 202);
    let large = format!("{}{}", line("2", "1"), " ".repeat(length - 100));
    assert_ne!(post(&caller, "modest", large).await.status, 503, "the largest body has room as well");
    assert_eq!(post(&caller, "greedy", line("3", "1")).await.status, 202, "and so has a small one of the same");
    drop(held);
    served.until(|served| served.in_flight(0)).await;
}

#[tokio::test]
async fn a_body_of_no_announced_length_is_reserved_as_it_comes() {
    let mut site = Site::plain();
    (site.options.limits.held_bytes, site.options.limits.body_bytes) = (8 << 20, 1 << 20);
    let served = with_two_partners(site).serve();
    let head = "POST /accept HTTP/1.1\r\nhost: a\r\nx-api-key: greedy\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let mut held = Vec::new();
    for _ in 0..4 {
        let mut stream = connected(served.address(), head).await;
        for _ in 0..9 {
            // Those that find no room are refused while they still send.
            if stream.write_all(chunk.as_bytes()).await.is_err() {
                break;
            }
        }
        held.push(stream);
    }
    // More than half of a mebibyte may become a whole one, of which there is room for one and a half.
    let refused = ["share", "whole"].map(|why| format!(r#"front_short_total{{what="memory",why="{why}"}}"#));
    served.until(|served| refused.iter().map(|line| served.counted(line)).sum::<usize>() == 3).await;
    assert!(served.in_flight(1));
    assert_eq!(post(&served.caller(), "modest", line("1", "1")).await.status, 202);
}

#[tokio::test]
async fn eight_connections_of_http2_do_not_hold_all_places() {
    let served = with_two_partners(Site::tls(ClientAuth::None)).serve();
    let mut held = JoinSet::new();
    for _ in 0..8 {
        let connector = served.connector(None, true);
        let client = Client::builder(TokioExecutor::new()).http2_only(true).build(connector);
        for _ in 0..128 {
            let body = StreamBody::new(futures::stream::pending::<Result<Frame<Bytes>, Infallible>>());
            let uri = format!("https://{}/accept", served.address());
            let request = Request::post(uri).header("x-api-key", "greedy").body(body).unwrap();
            held.spawn(client.request(request));
        }
    }
    served.until(|served| served.in_flight(8 * 32)).await;
    let answer = post(&served.tls_caller(None, true), "modest", line("1", "1")).await;
    assert_eq!(answer.status, 202);
    drop(held);
}

#[tokio::test]
async fn connections_of_strangers_do_not_take_the_memory_of_partners() {
    let mut site = Site::tls(ClientAuth::Optional);
    (site.options.limits.held_bytes, site.options.limits.body_bytes) = (8 << 20, 1 << 20);
    site.partner("known", vec![cn("known")]);
    let known = site.authority.vouch("known");
    let served = site.serve();
    // With its windows each of them may hold 160 KiB, of which there is room for some fifty.
    let strangers: Vec<Caller> = (0..60).map(|_| served.tls_caller(None, true)).collect();
    let mut answered = 0;
    for stranger in &strangers {
        let request = stranger.request(Method::POST, "/echo").body(Full::from("x")).unwrap();
        answered += usize::from(stranger.try_send(request).await.is_ok_and(|answer| answer.status == 200));
    }
    assert!((30..50).contains(&answered), "{answered} of 60");
    let refused = ["share", "whole"].map(|why| format!(r#"front_short_total{{what="connections",why="{why}"}}"#));
    assert!(refused.iter().any(|line| served.counted(line) > 0), "{}", served.scraped());
    assert_eq!(post(&served.tls_caller(Some(&known), true), "", line("1", "1")).await.status, 202);
}
