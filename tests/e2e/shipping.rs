//! The shipper between a real queue and a real log: what it needs of memory, and what the log refuses.

use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use tallygate::config::{Config, QueueOptions};
use tallygate_core::envelope::{self, Head};
use tallygate_core::{Draft, MessageNumber, Run, Transaction};
use tallygate_queue::{AmqpQueue, Queue};

use crate::harness::backends::Servers;
use crate::harness::eventually::eventually;
use crate::harness::names::Names;
use crate::harness::process::Process;
use crate::harness::settled::queue_depth;
use crate::harness::site::Site;

const SHIPPED: Duration = Duration::from_secs(400);
const TOLD: Duration = Duration::from_secs(60);
const SMALL: u64 = 100_000;
const LARGE: u64 = 200;
const REFUSED: u64 = 700;
const MIB: u64 = 1024 * 1024;
/// Of the process as a whole.
const MEMORY: u64 = 256 * MIB;
/// So many publishes wait for their confirm.
const SMALL_AT_ONCE: usize = 256;
const LARGE_AT_ONCE: usize = 2;

/// The queue of a process, filled from here.
struct Mailbox {
    runtime: tokio::runtime::Runtime,
    queue: Arc<AmqpQueue>,
}

impl Mailbox {
    fn of(process: &Process) -> Self {
        let QueueOptions::Amqp(options) = Config::load(&process.config).unwrap().queue else { panic!("no RabbitMQ") };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let queue = runtime.block_on(async { Arc::new(AmqpQueue::open(options).unwrap()) });
        Self { runtime, queue }
    }

    /// Each at least once: a busy server may confirm too late.
    fn put(&self, messages: impl Iterator<Item = Bytes>, at_once: usize) {
        let put = |message: Bytes| async move { while self.queue.publish(message.clone()).await.is_err() {} };
        self.runtime
            .block_on(futures::stream::iter(messages).map(put).buffer_unordered(at_once).for_each(async |()| {}));
    }

    /// What waits in the queue and is leased to nobody.
    fn depth(&self) -> u64 {
        self.runtime.block_on(self.queue.depth()).unwrap()
    }
}

/// A message of so many transactions with so much in each.
fn message(sequence: u64, transactions: usize, padding: usize) -> Bytes {
    let draft = |n: usize| Draft {
        id: format!("{sequence}-{n}"),
        time: "2026-11-22T23:30:00Z".into(),
        key: format!("k{}", n % 100),
        amount: "1".into(),
        currency: "EUR".into(),
        kind: "sale".into(),
        attributes: (0..padding / 200).map(|part| (format!("a{part}"), "x".repeat(190))).collect(),
        ..Draft::default()
    };
    let zone = "UTC".parse().unwrap();
    let transactions = Transaction::check_all((0..transactions).map(draft).collect(), "shop-1", &zone).unwrap();
    let head = Head {
        number: MessageNumber { run: Run(7), sequence },
        partner: "shop-1".into(),
        policy: "json".into(),
        version: "abc".into(),
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into(),
    };
    envelope::encode(&head, &transactions).unwrap().into()
}

fn shipped(process: &Process) -> Result<u64, String> {
    Ok(process.metrics()?.value("shipper_messages_total", ""))
}

#[test]
fn rule_5_large_messages_behind_small_ones_are_shipped_in_bounded_memory_and_one_refused_holds_up_nobody() {
    let servers = Servers::start();
    let site = Site::real(&servers).spread_by("key");
    let shipper = site.process("shipper", "shipper,console");
    let mailbox = Mailbox::of(&shipper);
    // Few large transactions, and very many small ones, whose records are much larger than they are themselves.
    let large = [message(1_000_000, 125, 60_000), message(1_000_001, 40_000, 0)];
    for message in &large {
        assert!(message.len() as u64 > 6 * MIB, "{}", message.len());
    }
    let small: Vec<Bytes> = (0..1_000).map(|n| message(n, 1, 1_000)).collect();
    mailbox.put((0..SMALL).map(|n| small[n as usize % small.len()].clone()), SMALL_AT_ONCE);
    mailbox.put((0..LARGE).map(|n| large[usize::from(n % 10 == 0)].clone()), LARGE_AT_ONCE);

    shipper.start();
    shipper.wait_until_up();
    eventually("all is shipped", SHIPPED, || match shipped(&shipper)? {
        all if all >= SMALL + LARGE && mailbox.depth() == 0 => Ok(()),
        some => Err(format!("{some} are, {} wait", mailbox.depth())),
    });
    let peak = shipper.peak_memory();
    println!("the shipper needed {} MiB", peak / MIB);
    assert!(peak < MEMORY, "{} MiB", peak / MIB);

    assert!(shipper.stop().success(), "{}", shipper.last_words());

    let site = Site::real(&servers).spread_by("id");
    let shipper = site.up("by-id", "shipper,console");
    let mailbox = Mailbox::of(&shipper);
    mailbox.put(std::iter::once(message(0, 1, 1_000)), 1);
    eventually("its topics are there", TOLD, || match shipped(&shipper)? {
        1 => Ok(()),
        none => Err(format!("{none} are shipped")),
    });
    one_refused_holds_up_nobody(&servers, &shipper, &mailbox);
    many_refused_hold_up_nobody(&servers, &shipper, &mailbox);
}

fn one_refused_holds_up_nobody(servers: &Servers, shipper: &Process, mailbox: &Mailbox) {
    let topic = Names::of(shipper).topic;
    let limit = |bytes| servers.kafka.set_topic(&topic, &format!("max.message.bytes={bytes}")).unwrap();
    limit(20_000);
    let (before, records) = (shipped(shipper).unwrap(), records(shipper));
    let mixed = (0..500).map(|n| if n == 250 { message(2_000_000, 3, 40_000) } else { message(n, 1, 1_000) });
    mailbox.put(mixed, SMALL_AT_ONCE);
    eventually("the others are shipped", TOLD, || match shipped(shipper)? - before {
        499 => Ok(()),
        some => Err(format!("{some} are")),
    });
    sleep(Duration::from_secs(5));
    let metrics = shipper.metrics().unwrap();
    assert_eq!((metrics.value("shipper_refused_messages", ""), shipped(shipper).unwrap() - before), (1, 499));
    assert_eq!(self::records(shipper) - records, 499, "what is in the log is not appended again");
    eventually("the page and the commands tell it", TOLD, || {
        let told = shipper.says(&["sums", "--json"]).json()["warnings"].to_string();
        if told.contains("max.message.bytes") { Ok(()) } else { Err(told) }
    });
    limit(1_000_012);
    eventually("it is shipped, too", 2 * TOLD, || match shipped(shipper)? - before {
        500 => Ok(()),
        some => Err(format!("{some} are")),
    });
    assert_eq!(self::records(shipper) - records, 502, "each record once");
}

/// More than a shipper holds.
fn many_refused_hold_up_nobody(servers: &Servers, shipper: &Process, mailbox: &Mailbox) {
    let topic = Names::of(shipper).topic;
    let limit = |bytes| servers.kafka.set_topic(&topic, &format!("max.message.bytes={bytes}")).unwrap();
    limit(20_000);
    let before = shipped(shipper).unwrap();
    mailbox.put((0..REFUSED).map(|n| message(3_000_000 + n, 1, 40_000)), SMALL_AT_ONCE);
    mailbox.put((0..100).map(|n| message(4_000_000 + n, 1, 1_000)), SMALL_AT_ONCE);
    eventually("the others are shipped, and those are counted", TOLD, || {
        let (metrics, some) = (shipper.metrics()?, shipped(shipper)? - before);
        let value = |metric| metrics.value(metric, "");
        let (refused, parked) = (value("shipper_refused_messages"), value("shipper_parked_messages"));
        if some == 100 && refused == REFUSED && parked >= REFUSED - 100 {
            return Ok(());
        }
        Err(format!("{some} are, {refused} are refused, {parked} of them parked"))
    });
    eventually("the page and the commands tell it", TOLD, || {
        let told = shipper.says(&["sums", "--json"]).json()["warnings"].to_string();
        if told.contains("are parked") && told.contains("max.message.bytes") { Ok(()) } else { Err(told) }
    });
    let parked = shipper.metrics().unwrap().value("shipper_parked_messages", "");
    assert!(queue_depth(shipper) >= parked, "{parked} are under way");
    // What is parked is tried when a shipper starts.
    shipper.kill();
    limit(1_000_012);
    shipper.start();
    shipper.wait_until_up();
    eventually("they are shipped, too", TOLD, || match (shipped(shipper)?, queue_depth(shipper)) {
        (REFUSED, 0) => Ok(()),
        (some, left) => Err(format!("{some} are, {left} are left")),
    });
}

fn records(shipper: &Process) -> u64 {
    shipper.metrics().unwrap().value("shipper_records_total", "")
}
