//! Callers that hold all they can, all at once: the memory stays bounded, others are served, and all of it comes back.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tallygate_test_servers::free_port;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

use super::attacker::Attacker;
use super::deeds::echo;
use crate::harness::caller::Caller;
use crate::harness::site::Site;

const ALL: &str = "gateway,shipper,aggregator,console";
const UPLOADS: usize = 32;
const UPLOAD_BYTES: usize = 8 << 20;
/// What becomes 8 MiB, the most that a message for the queue may have, or a little less.
const BATCH_BYTES: usize = 5 << 20;
const REPLIES: usize = 128;
const REPLY_BYTES: usize = 4 << 20;
const HALF_HEADS: usize = 4096;
const HALF_HEAD_BYTES: usize = 30 * 1024;
/// What the process may have while all of that is held, and what more than before afterwards, in bytes.
const MOST: u64 = 640_000_000;
const MORE_AFTERWARDS: u64 = 160_000_000;

/// An upload that lacks its last byte for ever; the status it is answered all the same.
async fn upload(from: Attacker) -> String {
    let mut stream = from.tcp().await.unwrap();
    let head = format!("POST /tills HTTP/1.1\r\nhost: a\r\ncontent-length: {UPLOAD_BYTES}\r\n\r\n");
    let (mut reading, mut writing) = stream.split();
    let sent = async {
        if writing.write_all(head.as_bytes()).await.is_ok() {
            let _ = writing.write_all(&vec![b' '; UPLOAD_BYTES - 1]).await;
        }
        std::future::pending().await
    };
    let mut answer = vec![0; 12];
    tokio::select! {
        never = sent => never,
        read = reading.read_exact(&mut answer) => read.map_or_else(|error| error.to_string(), |_| {
            String::from_utf8_lossy(&answer).into_owned()
        }),
    }
}

/// A head that never ends.
async fn half_head(from: Attacker) {
    let mut stream = from.tcp().await.unwrap();
    let begun = format!("POST /tills HTTP/1.1\r\nhost: a\r\nx-long: {}", "x".repeat(HALF_HEAD_BYTES));
    if stream.write_all(begun.as_bytes()).await.is_ok() {
        let _ = stream.read_u8().await;
    }
}

/// Replies that are asked for and not read, and the connections that they are on.
async fn parked(from: Attacker) -> (Vec<http::Response<Incoming>>, Vec<JoinSet<()>>) {
    let document = Bytes::from(echo(REPLY_BYTES));
    let mut asked = JoinSet::new();
    for _ in 0..REPLIES / 16 {
        let (from, document) = (from.clone(), document.clone());
        // One after the other, as a request needs more than its reply does.
        asked.spawn(async move {
            let (mut sender, driver) = from.http2(0).await.unwrap();
            let mut responses = Vec::new();
            for _ in 0..16 {
                let body = Full::new(document.clone()).map_err(|never| match never {}).boxed();
                let request = Request::post(from.url("/tills")).header("content-type", "text/xml").body(body).unwrap();
                sender.ready().await.unwrap();
                responses.extend(sender.send_request(request).await);
            }
            (responses, driver)
        });
    }
    let (responses, drivers): (Vec<_>, Vec<_>) = asked.join_all().await.into_iter().unzip();
    (responses.into_iter().flatten().collect(), drivers)
}

/// As many of the smallest transactions as have room.
fn smallest() -> String {
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut batch = String::from("[");
    for id in 0.. {
        let next = format!(r#"{{"id":"{id}","time":"{now}","key":"k","amount":"1","currency":"EUR","type":"s"}},"#);
        if batch.len() + next.len() > BATCH_BYTES {
            break;
        }
        batch.push_str(&next);
    }
    batch.pop();
    batch + "]"
}

#[test]
fn the_largest_batches_of_the_smallest_transactions_are_bounded_together() {
    let site = Site::embedded();
    let process = site.up("all", ALL);
    let before = process.memory();
    let batch = smallest();
    let send = |n: usize| {
        let name = ["shop-1", "shop-2", "shop-3"][n % 3];
        let caller = Caller::new(&site.certs(), name, process.partners_port).waiting(Duration::from_secs(120));
        caller.try_post("/v1/transactions", "application/json", &batch).unwrap().status.as_u16()
    };
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let sent: Vec<_> = (0..UPLOADS).map(|n| scope.spawn(move || send(n))).collect();
        sent.into_iter().map(|sent| sent.join().unwrap()).collect()
    });
    let most = process.peak_memory();
    let taken = statuses.iter().filter(|status| **status == 202).count();
    println!("{taken} of {UPLOADS} batches taken; before {before}, most {most} bytes");
    assert!(statuses.iter().all(|status| [202, 503].contains(status)), "{statuses:?}");
    assert!(taken >= 4, "{statuses:?}");
    assert!(most < MOST, "{most} bytes at the most, {before} before");
}

#[test]
fn callers_that_hold_all_they_can_are_bounded_and_others_are_served() {
    let port = free_port().unwrap();
    let plain = format!("[[listeners]]\nname = \"plain\"\naddress = \"127.0.0.1:{port}\"\n\n");
    let site = Site::embedded().with_sections(&plain);
    let process = site.up("all", ALL);
    let other = Caller::new(&site.certs(), "shop-2", process.partners_port);
    other.transact("before", "undisturbed", "1.00");
    let before = process.memory();
    let greedy = |port| Attacker::new(&site.certs(), "shop-1", port, 0, Instant::now()).unnamed();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (parked, drivers) = runtime.block_on(parked(greedy(process.partners_port)));
    let (given, refused) = parked.iter().partition::<Vec<_>, _>(|response| response.status() == 200);
    assert!(refused.iter().all(|response| response.status() == 503), "{:?}", refused.first());
    let (given, refused) = (given.len(), refused.len());
    assert!(given > 8 && refused > 8, "{given} were given, {refused} refused");
    let mut held = JoinSet::new();
    let at_plain = greedy(port);
    for _ in 0..UPLOADS {
        let from = at_plain.clone();
        held.spawn_on(async move { Some(upload(from).await) }, runtime.handle());
    }
    for _ in 0..HALF_HEADS {
        let from = at_plain.clone();
        held.spawn_on(
            async move {
                half_head(from).await;
                None
            },
            runtime.handle(),
        );
    }
    let began = Instant::now();
    let mut sent = 0;
    while began.elapsed() < Duration::from_secs(12) {
        other.transact(&format!("beside-{sent}"), "undisturbed", "1.00");
        sent += 1;
    }
    let most = process.peak_memory();
    let now = process.memory();
    println!(
        "{given} of {REPLIES} replies parked; before {before}, most {most}, held {now} bytes; {sent} others served"
    );
    assert!(most < MOST, "{most} bytes at the most, {before} before");
    drop((held, parked, drivers));
    runtime.shutdown_background();
    let began = Instant::now();
    let mut after = process.memory();
    while after > before + MORE_AFTERWARDS && began.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_secs(1));
        other.transact(&format!("after-{}", began.elapsed().as_millis()), "undisturbed", "1.00");
        after = process.memory();
    }
    println!("after {:?} {after} bytes", began.elapsed());
    assert!(after < before + MORE_AFTERWARDS, "{after} bytes afterwards, {before} before");
    // And those who held it are served again.
    let tills = Caller::new(&site.certs(), "shop-1", process.partners_port);
    tills.transact("again", "undisturbed", "1.00");
}
