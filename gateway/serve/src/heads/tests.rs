//! The follower of messages beside hyper itself: both see the same requests, whatever comes.

use std::convert::Infallible;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use http::{HeaderMap, Request, Response, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use proptest::sample::select;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::activity::Activity;
use crate::watched::Watched;

/// What is found at the first head of these bytes.
fn doubt(bytes: &str) -> Option<Doubt> {
    let mut heads = Heads::default();
    heads.came(bytes.as_bytes());
    heads.begin()
}

fn head(fields: &str) -> String {
    format!("POST / HTTP/1.1\r\nhost: a\r\n{fields}\r\n")
}

#[test]
fn a_head_that_frames_its_message_in_one_way_is_certain() {
    for fields in [
        "",
        "content-length: 0\r\n",
        "Content-Length: 5\r\ncontent-length:5 \r\n",
        "transfer-encoding: chunked\r\n",
        "TRANSFER-ENCODING:\tChunked \r\n",
        "x-transfer-encoding: gzip\r\nte: trailers\r\n",
    ] {
        assert_eq!(doubt(&head(fields)), None, "{fields}");
    }
    assert_eq!(doubt("\r\n\nPOST / HTTP/1.1\nhost: a\ncontent-length: 5\n\n"), None);
}

#[test]
fn a_head_that_does_not_is_a_doubt_and_so_are_all_behind_it() {
    let long = "x".repeat(FIELD_BYTES);
    for (fields, why) in [
        ("content-length: 5\r\ntransfer-encoding: chunked\r\n", Doubt::TwoLengths),
        ("transfer-encoding: chunked\r\ncontent-length: 5\r\n", Doubt::TwoLengths),
        ("content-length: 0\r\nTransfer-Encoding: gzip\r\n", Doubt::TwoLengths),
        ("transfer-encoding: gzip, chunked\r\n", Doubt::Coding),
        ("transfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n", Doubt::Coding),
        ("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n", Doubt::Coding),
        ("transfer-encoding: identity\r\n", Doubt::Coding),
        ("transfer-encoding: ,chunked\r\n", Doubt::Coding),
        ("transfer-encoding:\r\n", Doubt::Coding),
        (&*format!("transfer-encoding: {long}, chunked\r\n"), Doubt::Coding),
        ("content-length: 1\r\ncontent-length: 2\r\n", Doubt::Unfollowed),
        ("content-length: +1\r\n", Doubt::Unfollowed),
        (&*format!("content-length: {}1\r\n", long.replace('x', "0")), Doubt::Unfollowed),
    ] {
        let mut heads = Heads::default();
        heads.came((head(fields) + &head("")).as_bytes());
        assert_eq!((heads.begin(), heads.begin()), (Some(why), Some(why)), "{fields}");
    }
}

#[test]
fn where_chunks_are_not_understood_nothing_behind_them_is_certain() {
    let mut heads = Heads::default();
    heads.came((head("transfer-encoding: chunked\r\n") + "5\nhello\r\n0\r\n\r\n" + &head("")).as_bytes());
    assert_eq!((heads.begin(), heads.begin()), (None, Some(Doubt::Unfollowed)));
}

#[test]
fn a_request_whose_head_was_not_seen_is_a_doubt() {
    let mut heads = Heads::default();
    heads.came(b"POST / HTTP/1.1\r\n");
    assert_eq!(heads.begin(), Some(Doubt::Unfollowed));
}

/// A message, and whether there is a doubt about it.
#[derive(Clone, Debug)]
struct Sent(Vec<u8>, bool);

fn body() -> impl Strategy<Value = Vec<u8>> {
    let piece = select(
        &["GET / HTTP/1.1\r\ntransfer-encoding: gzip, chunked\r\n\r\n", "\r\n", "0\r\n\r\n", "a", "\n\n", ""][..],
    );
    proptest::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat().into_bytes())
}

fn chunked(body: &[u8], size: usize, extension: &str, trailers: &str) -> Vec<u8> {
    let mut sent = Vec::new();
    for chunk in body.chunks(size) {
        sent.extend_from_slice(format!("{:X}{extension}\r\n", chunk.len()).as_bytes());
        sent.extend_from_slice(chunk);
        sent.extend_from_slice(b"\r\n");
    }
    sent.extend_from_slice(format!("000{extension}\r\n{trailers}\r\n").as_bytes());
    sent
}

fn message() -> impl Strategy<Value = Sent> {
    let extension = select(&["", ";a=b", " ", "\t;x"][..]);
    let trailers = select(&["", "x-t: u\r\n", "content-length: 5\r\nx: y\r\n"][..]);
    let before = select(&["", "", "\r\n", "\n"][..]);
    (before, 0..7, body(), 1..40_usize, extension, trailers).prop_map(
        |(before, kind, body, size, extension, trailers)| {
            let length = format!("Content-Length: {}\r\n", body.len());
            let chunks = chunked(&body, size, extension, trailers);
            let (fields, sent, doubtful) = match kind {
                0 => (String::new(), Vec::new(), false),
                1 | 2 => (length, body, false),
                3 | 4 => ("transfer-encoding: chunked\r\n".to_owned(), chunks, false),
                5 => (format!("{length}Transfer-encoding: chunked\r\nx-doubtful: 1\r\n"), chunks, true),
                _ => ("transfer-encoding: gzip, chunked\r\nx-doubtful: 1\r\n".to_owned(), chunks, true),
            };
            Sent([before.as_bytes(), head(&fields).as_bytes(), &sent].concat(), doubtful)
        },
    )
}

/// The fields of a request, whether it was certain, and whether its body came whole.
type Asked = (HeaderMap, Option<Doubt>, bool);

/// What hyper made of these bytes: of each request its fields, whether it was certain, and whether its body came whole; and
/// how many heads were seen by its side.
fn made_of(bytes: Vec<u8>, pieces: usize) -> (Vec<Asked>, u64, bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let (caller, server) = tokio::io::duplex(97);
        let (mut answers, mut caller) = tokio::io::split(caller);
        let activity = Activity::new(false, Arc::new(AtomicBool::new(false)));
        let requests = Mutex::new(Vec::new());
        let service = service_fn(async |request: Request<Incoming>| {
            let doubt = activity.doubt();
            let (parts, body) = request.into_parts();
            let whole = body.collect().await.is_ok();
            requests.lock().unwrap().push((parts.headers, doubt, whole));
            let mut response = Response::new(String::new());
            if doubt.is_some() {
                response.headers_mut().insert(header::CONNECTION, "close".parse().unwrap());
            }
            Ok::<_, Infallible>(response)
        });
        let io = TokioIo::new(Watched::new(server, activity.clone()));
        let serving = http1::Builder::new().half_close(true).serve_connection(io, service);
        let calling = async {
            for piece in bytes.chunks(pieces) {
                if caller.write_all(piece).await.is_err() {
                    return;
                }
                tokio::task::yield_now().await;
            }
            let _ = caller.shutdown().await;
        };
        let reading = async { while answers.read(&mut [0; 512]).await.is_ok_and(|read| read > 0) {} };
        let serving = async { serving.await.is_ok() };
        let (served, (), ()) = tokio::join!(serving, calling, reading);
        let heads = activity.heads_seen();
        (requests.into_inner().unwrap(), heads, served)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_hyper_takes_for_requests_was_seen_as_such(sent in proptest::collection::vec(message(), 1..5), pieces in 1..200_usize) {
        let certain = sent.iter().take_while(|Sent(_, doubtful)| !doubtful).count();
        let answered = sent.len().min(certain + 1);
        let bytes = sent.iter().flat_map(|Sent(bytes, _)| bytes.clone()).collect();
        let (requests, heads, _) = made_of(bytes, pieces);
        prop_assert_eq!(requests.len(), answered);
        prop_assert_eq!(heads, answered as u64);
        for (fields, doubt, whole) in requests {
            prop_assert_eq!(doubt.is_some(), fields.contains_key("x-doubtful"));
            prop_assert!(whole);
        }
    }

    #[test]
    fn what_was_spoilt_on_its_way_is_followed_as_hyper_follows_it(
        sent in proptest::collection::vec(message(), 1..4),
        spoilt in proptest::collection::vec((any::<prop::sample::Index>(), select(&b"\r\n :;,0159afTtx\0"[..])), 1..3),
        pieces in 1..200_usize,
    ) {
        let mut bytes: Vec<u8> = sent.iter().flat_map(|Sent(bytes, _)| bytes.clone()).collect();
        for (at, byte) in spoilt {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let (requests, heads, served) = made_of(bytes.clone(), pieces);
        let text = String::from_utf8_lossy(&bytes);
        prop_assert!(requests.len() as u64 <= heads, "{} heads and {} requests in {:?}", heads, requests.len(), text);
        for (fields, doubt, _) in &requests {
            let codings: Vec<_> = fields.get_all(header::TRANSFER_ENCODING).iter().collect();
            let plain = matches!(&codings[..], [] ) || matches!(&codings[..], [one] if one.as_bytes().eq_ignore_ascii_case(b"chunked"));
            prop_assert!(plain || doubt.is_some(), "{:?}", text);
        }
        // Where hyper was content to the end, so was who went along. Behind a request of HTTP/1.0 it answers none.
        let certain = requests.iter().all(|(_, doubt, whole)| doubt.is_none() && *whole);
        if served && certain && !text.contains("HTTP/1.0") {
            prop_assert_eq!(heads, requests.len() as u64, "{:?}", text);
        }
    }
}
