//! Callers that come back and resume their TLS session.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper_rustls::MaybeHttpsStream;
use rustls::HandshakeKind;
use tallygate_front::ClientAuth;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tower_service::Service;

use crate::site::{Identity, Served, Site, cn, line};

/// A site for partners with certificates, and that of `shop-1`.
fn site() -> (Site, Identity) {
    let mut site = Site::tls(ClientAuth::Required);
    let shop = site.authority.vouch("shop-1");
    site.partner("shop-1", vec![cn("shop-1")]);
    (site, shop)
}

fn partner_of(message: &Bytes) -> bool {
    std::str::from_utf8(message).unwrap().contains(r#""partner":"shop-1""#)
}

#[tokio::test]
async fn a_caller_that_resumes_its_session_is_the_partner_of_its_certificate_still() {
    let (site, shop) = site();
    let queue = site.queue.clone();
    let served = site.serve();
    for h2 in [false, true] {
        let mut connector = served.connector(Some(&shop), h2);
        for (id, kind) in [("1", HandshakeKind::Full), ("2", HandshakeKind::Resumed), ("3", HandshakeKind::Resumed)] {
            let address = format!("https://{}", served.address()).parse().unwrap();
            let stream = connector.call(address).await.unwrap();
            let MaybeHttpsStream::Https(tls) = &stream else { panic!("no TLS") };
            assert_eq!(tls.inner().get_ref().1.handshake_kind(), Some(kind), "{id}, h2: {h2}");
            let request = if h2 {
                Request::post(format!("https://{}/accept", served.address()))
            } else {
                Request::post("/accept").header("host", "localhost")
            };
            let request = request.body(Full::<Bytes>::from(line(id, "1"))).unwrap();
            let response = if h2 {
                let executor = hyper_util::rt::TokioExecutor::new();
                let (mut sender, driver) = hyper::client::conn::http2::handshake(executor, stream).await.unwrap();
                tokio::spawn(driver);
                sender.send_request(request).await.unwrap()
            } else {
                let (mut sender, driver) = hyper::client::conn::http1::handshake(stream).await.unwrap();
                tokio::spawn(driver);
                sender.send_request(request).await.unwrap()
            };
            assert_eq!(response.status(), 202);
            assert!(partner_of(queue.messages.lock().unwrap().last().unwrap()));
        }
    }
}

/// What `openssl s_client` says, and gets, of one request on one connection.
async fn openssl(served: &Served, dir: &Path, arguments: &[&str], id: &str) -> String {
    let mut client = Command::new("openssl")
        .args(["s_client", "-connect", &served.address().to_string(), "-servername", "localhost"])
        .args(["-CAfile", "ca.pem", "-cert", "shop.pem", "-key", "shop.key", "-ign_eof"])
        .args(arguments)
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the openssl command, which these tests need");
    let body = line(id, "1");
    let head =
        format!("POST /accept HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}", body.len());
    let mut stdin = client.stdin.take().unwrap();
    stdin.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).await.unwrap();
    let said = tokio::time::timeout(Duration::from_secs(30), client.wait_with_output()).await.unwrap().unwrap();
    format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr))
}

#[tokio::test]
async fn openssl_resumes_with_both_versions_of_tls_and_is_the_same_partner() {
    let (site, shop) = site();
    let queue = site.queue.clone();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("ca.pem"), site.authority.pem()).unwrap();
    std::fs::write(dir.path().join("shop.pem"), &shop.pem).unwrap();
    std::fs::write(dir.path().join("shop.key"), &shop.key).unwrap();
    let served = site.serve();
    for version in ["-tls1_2", "-tls1_3"] {
        let first = openssl(&served, dir.path(), &[version, "-sess_out", "session.pem"], version).await;
        assert!(first.contains("New, TLSv1.") && first.contains("HTTP/1.1 202"), "{first}");
        let again = openssl(&served, dir.path(), &[version, "-sess_in", "session.pem"], &format!("{version}-2")).await;
        assert!(again.contains("Reused, TLSv1.") && again.contains("HTTP/1.1 202"), "{again}");
    }
    let messages = queue.messages.lock().unwrap();
    assert_eq!(messages.len(), 4);
    assert!(messages.iter().all(partner_of));
}
