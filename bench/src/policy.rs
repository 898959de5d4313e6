//! (a) The policy host: a 2 KB invoice, a fresh instance each, an unsigned reply. Floor: native quick-xml over the same.

use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result};
use bytes::Bytes;
use quick_xml::Reader;
use quick_xml::events::Event;
use tallygate_host::{Caller, Engine, EngineLimits, Header, Keys, Limits, Message, Outcome, Policy, PolicySpec};

use crate::aims;
use crate::formats;
use crate::measure::{Cost, here};
use crate::messages;
use crate::report::Report;
use crate::syscalls::Counter;

const CALLS: u64 = 100_000;
const SIGNED: u64 = 5_000;
const IN_JAVASCRIPT: u64 = 5_000;
/// What the policy in JavaScript reads.
const IN_TEXT: &[u8] = br#"{"id":"1","time":"2026-11-22T19:20:54+01:00","key":"HR1","amount":"12.50"}"#;

pub fn measure(report: &mut Report) -> Result<()> {
    let body = messages::invoice(1);
    let (floor, floor_two) = (floor(&body, 1), floor(&body, 2));
    let policy = Arc::new(activate("hr-racun", r#"{"sign_replies":false}"#)?);
    let one = cost(&policy, &body, CALLS)?;
    let two = calls(&policy, &body, 2, CALLS)?;
    report.figure(&aims::RACUN, &one, Some(&floor));
    report.figure(&aims::RACUN_TWO, &two, Some(&floor_two));
    println!(
        "(a) two threads give {:.2} x the calls of one; the floor, which shares nothing, {:.2} x",
        two.rate() / one.rate(),
        floor_two.rate() / floor.rate()
    );
    let signing = Arc::new(activate("hr-racun", "{}")?);
    report.figure(&aims::RACUN_SIGNED, &cost(&signing, &body, SIGNED)?, None);
    let json = Arc::new(activate("json", "{}")?);
    report.figure(&aims::JSON, &cost(&json, &messages::json(1, "HR123"), CALLS)?, None);
    let hello = Arc::new(activate("hello", "{}")?);
    report.figure(&aims::HELLO, &cost(&hello, &messages::json(1, "HR123"), CALLS)?, None);
    // What any policy costs: one that imports nothing, and one that imports all there is and calls none of it.
    let empty = cost(&Arc::new(activate("empty", "{}")?), b"", CALLS)?;
    report.figure(&aims::EMPTY, &empty, None);
    report.figure(&aims::EMPTY_IMPORTS, &cost(&Arc::new(activate("hostile", "{}")?), b"", CALLS)?, None);
    let javascript = Arc::new(activate("javascript", r#"{"currency":"EUR"}"#)?);
    report.figure(&aims::JAVASCRIPT, &cost(&javascript, IN_TEXT, IN_JAVASCRIPT)?, None);
    formats::measure(report, &empty)
}

/// So many calls of one thread, and in a pass of their own their system calls.
fn cost(policy: &Arc<Policy>, body: &[u8], calls: u64) -> Result<Cost> {
    self::calls(policy, body, 1, calls / 20)?;
    let cost = self::calls(policy, body, 1, calls)?;
    let counter = Counter::of(std::process::id());
    self::calls(policy, body, 1, calls / 20)?;
    Ok(cost.with_calls(counter.stop(), calls / 20))
}

pub fn activate(name: &str, config: &str) -> Result<Policy> {
    let path = format!("{}/../target/policies/{name}.wasm", env!("CARGO_MANIFEST_DIR"));
    let spec = PolicySpec {
        name: name.to_owned(),
        component: std::fs::read(&path).with_context(|| format!("cannot read {path}"))?,
        config_json: config.to_owned(),
        keys: Keys::throw_away()?,
        limits: Limits::default(),
    };
    Ok(Policy::activate(&Engine::new(EngineLimits::default())?, spec)?)
}

/// So many calls in all, shared among threads.
fn calls(policy: &Arc<Policy>, body: &[u8], threads: u64, calls: u64) -> Result<Cost> {
    let each = calls / threads;
    let (cost, outcome) = here(each * threads, || {
        let run = |_| {
            let (policy, message) = (policy.clone(), message(body));
            thread::spawn(move || -> Result<()> {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(async {
                    for _ in 0..each {
                        let outcome = policy.handle(&message, &[], None).await?.outcome;
                        anyhow::ensure!(
                            matches!(outcome, Outcome::Accept(_) | Outcome::Answer(_)),
                            "refused: {outcome:?}"
                        );
                    }
                    Ok(())
                })
            })
        };
        let threads: Vec<_> = (0..threads).map(run).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?)
    });
    outcome?;
    Ok(cost)
}

pub fn message(body: &[u8]) -> Message {
    let header = |name: &str, value: &str| Header { name: name.to_owned(), value: value.as_bytes().to_vec() };
    Message {
        id: "bench".to_owned(),
        received: jiff::Timestamp::now().to_string(),
        received_millis: jiff::Timestamp::now().as_millisecond().unsigned_abs(),
        route: "bench".to_owned(),
        caller: Caller::Partner("shop-1".into()),
        partner: Some("shop-1".to_owned()),
        method: "POST".to_owned(),
        target: "/".to_owned(),
        headers: vec![
            header("content-type", "text/xml; charset=utf-8"),
            header("host", "localhost"),
            header("content-length", "2048"),
        ],
        body: Bytes::copy_from_slice(body),
    }
}

/// Native code that reads the same four fields, on so many threads.
fn floor(body: &[u8], threads: u64) -> Cost {
    let each = CALLS / threads;
    let run = || (0..each).map(|_| read(std::hint::black_box(body))).sum::<usize>();
    let (cost, _) = here(each * threads, || {
        thread::scope(|scope| (0..threads).map(|_| scope.spawn(run)).for_each(drop));
    });
    cost
}

fn read(body: &[u8]) -> usize {
    let mut reader = Reader::from_reader(body);
    let (mut wanted, mut found) = (false, Vec::with_capacity(4));
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                wanted = matches!(start.local_name().as_ref(), "Oib" | "DatVrijeme" | "IznosUkupno" | "ZastKod")
            }
            Ok(Event::Text(text)) if wanted => found.push(text.into_inner().into_owned()),
            Ok(Event::End(_)) => wanted = false,
            Ok(Event::Eof) | Err(_) => return found.len(),
            Ok(_) => {}
        }
    }
}
