//! The queue on a real RabbitMQ, and what only a server can do: be killed, hang, run full, be someone else's.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use lapin::options::{QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldTable};
use tallygate_queue::{AmqpOptions, AmqpQueue, Consumer, Queue, QueueError};
use tallygate_test_servers::{Options, RabbitMq, shared};
use tallygate_tls::TlsFiles;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::suite::{contract, take};

static QUEUES: AtomicUsize = AtomicUsize::new(0);

async fn fresh() -> (Arc<dyn Queue>, ()) {
    let server = tokio::task::spawn_blocking(shared::rabbit).await.unwrap().expect("RabbitMQ does not start");
    let name = format!("contract-{}", QUEUES.fetch_add(1, SeqCst));
    (Arc::new(AmqpQueue::open(AmqpOptions::new(server.url(), name)).unwrap()), ())
}

contract!(fresh);

async fn own_server(options: Options) -> Arc<RabbitMq> {
    let start = move || RabbitMq::start_with(options).expect("RabbitMQ does not start");
    Arc::new(tokio::task::spawn_blocking(start).await.unwrap())
}

/// Does something slow to the server, beside the runtime's threads.
async fn on(server: &Arc<RabbitMq>, act: impl FnOnce(&RabbitMq) + Send + 'static) {
    let server = Arc::clone(server);
    tokio::task::spawn_blocking(move || act(&server)).await.unwrap();
}

fn open(url: &str, confirm_timeout: Duration) -> Arc<AmqpQueue> {
    let options = AmqpOptions { confirm_timeout, ..AmqpOptions::new(url, "own") };
    Arc::new(AmqpQueue::open(options).unwrap())
}

async fn until_published(queue: &AmqpQueue, message: &str, most: Duration) {
    let began = Instant::now();
    while let Err(error) = queue.publish(Bytes::from(message.to_owned())).await {
        assert!(error.is_retryable() && began.elapsed() < most, "{error}");
        sleep(Duration::from_millis(100)).await;
    }
}

async fn drain(queue: &AmqpQueue, count: usize) -> BTreeSet<Bytes> {
    let mut got = BTreeSet::new();
    let mut consumer = queue.consume(500).await.unwrap();
    while got.len() < count {
        got.extend(next(&mut *consumer, Duration::from_secs(20)).await.expect("messages are missing"));
    }
    got
}

/// The next messages, acknowledged; none when none came meanwhile.
async fn next(consumer: &mut dyn Consumer, within: Duration) -> Option<Vec<Bytes>> {
    let some = timeout(within, consumer.receive(500)).await.ok()?.unwrap();
    consumer.acknowledge(&some.iter().map(|delivery| delivery.tag).collect::<Vec<_>>()).await.unwrap();
    Some(some.into_iter().map(|delivery| delivery.message).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_2_no_confirmed_message_is_lost_when_the_server_is_killed() {
    let server = own_server(Options::default()).await;
    let queue = open(&server.url(), Duration::from_secs(5));
    let stop = Arc::new(AtomicBool::new(false));
    let mut publishers = JoinSet::new();
    for p in 0..8 {
        let (queue, stop) = (Arc::clone(&queue), Arc::clone(&stop));
        publishers.spawn(async move {
            let (mut confirmed, mut longest) = (Vec::new(), Duration::ZERO);
            for n in 0.. {
                if stop.load(SeqCst) {
                    break;
                }
                let message = Bytes::from(format!("{p}-{n}"));
                let began = Instant::now();
                match queue.publish(message.clone()).await {
                    Ok(()) => confirmed.push(message),
                    Err(error) => {
                        assert!(error.is_retryable(), "{error}");
                        sleep(Duration::from_millis(20)).await;
                    }
                }
                longest = longest.max(began.elapsed());
            }
            (confirmed, longest)
        });
    }
    sleep(Duration::from_secs(2)).await;
    on(&server, |server| server.kill().unwrap()).await;
    let down = Instant::now();
    sleep(Duration::from_millis(500)).await;
    let error = queue.publish(Bytes::from_static(b"down")).await.unwrap_err();
    assert!(error.is_retryable() && down.elapsed() < Duration::from_secs(2), "{error}");
    on(&server, |server| server.restart().unwrap()).await;
    until_published(&queue, "up again", Duration::from_secs(30)).await;
    sleep(Duration::from_secs(1)).await;
    stop.store(true, SeqCst);
    let mut all = BTreeSet::from([Bytes::from_static(b"up again")]);
    while let Some(publisher) = publishers.join_next().await {
        let (confirmed, longest) = publisher.unwrap();
        assert!(longest < Duration::from_secs(12), "a publish took {longest:?}");
        all.extend(confirmed);
    }
    assert!(all.len() > 500, "{}", all.len());
    // Unconfirmed ones may be there as well, so all that is there is read.
    let mut got = BTreeSet::new();
    let mut consumer = queue.consume(500).await.unwrap();
    while let Some(some) = next(&mut *consumer, Duration::from_secs(3)).await {
        got.extend(some);
    }
    let lost: Vec<_> = all.difference(&got).take(5).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_or_is_not_there_is_away_within_the_bound_and_used_again_by_itself() {
    let nobody = open("amqp://guest:guest@127.0.0.1:1/%2f", Duration::from_secs(2));
    let began = Instant::now();
    assert!(nobody.publish(Bytes::new()).await.unwrap_err().is_retryable());
    assert!(nobody.consume(1).await.err().unwrap().is_retryable());
    assert!(nobody.depth().await.unwrap_err().is_retryable());
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());

    let server = own_server(Options::default()).await;
    let queue = open(&server.url(), Duration::from_secs(2));
    until_published(&queue, "before", Duration::from_secs(10)).await;
    let mut consumer = queue.consume(10).await.unwrap();
    take(&mut *consumer, 1).await;
    on(&server, |server| server.pause().unwrap()).await;
    for bound in [Duration::from_secs(3), Duration::from_secs(1)] {
        let began = Instant::now();
        let error = queue.publish(Bytes::from_static(b"hanging")).await.unwrap_err();
        assert!(error.is_retryable() && began.elapsed() < bound, "{error} after {:?}", began.elapsed());
    }
    let began = Instant::now();
    let lost = timeout(Duration::from_secs(20), consumer.receive(1)).await.expect("the consumer hangs").unwrap_err();
    assert!(lost.is_retryable(), "{lost} after {:?}", began.elapsed());
    on(&server, |server| server.resume().unwrap()).await;
    until_published(&queue, "after", Duration::from_secs(20)).await;
    drop(consumer);
    assert!(drain(&queue, 2).await.contains(&Bytes::from_static(b"before")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocked_connection_is_away_within_the_bound_and_goes_on_when_the_alarm_is_over() {
    let server = own_server(Options::default()).await;
    let queue = open(&server.url(), Duration::from_secs(2));
    until_published(&queue, "before", Duration::from_secs(10)).await;
    on(&server, |server| drop(server.control(&["set_vm_memory_high_watermark", "0.0000001"]).unwrap())).await;
    sleep(Duration::from_millis(500)).await;
    // The server tells a connection of the alarm only after it published again.
    let began = Instant::now();
    assert!(queue.publish(Bytes::from_static(b"first")).await.unwrap_err().is_retryable());
    assert!(began.elapsed() < Duration::from_secs(4));
    let began = Instant::now();
    let error = queue.publish(Bytes::from_static(b"second")).await.unwrap_err();
    assert!(error.to_string().contains("blocks publishers"), "{error}");
    assert!(began.elapsed() < Duration::from_millis(100));
    // Consumers go on: they are how the alarm ends.
    assert!(drain(&queue, 1).await.contains(&Bytes::from_static(b"before")));
    on(&server, |server| drop(server.control(&["set_vm_memory_high_watermark", "0.4"]).unwrap())).await;
    until_published(&queue, "after", Duration::from_secs(10)).await;
    assert!(drain(&queue, 2).await.contains(&Bytes::from_static(b"after")), "and the first, which had been on its way");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn speaks_tls_and_says_whom_it_does_not_trust_and_who_is_not_let_in() {
    let server = own_server(Options::SECURE).await;
    let with = |url: String, ca: Option<&std::path::Path>| {
        let tls = TlsFiles { ca: ca.map(Into::into), ..TlsFiles::default() };
        AmqpQueue::open(AmqpOptions { tls, ..AmqpOptions::new(url, "own") }).unwrap()
    };
    let queue = with(server.url(), server.ca());
    until_published(&queue, "secret", Duration::from_secs(10)).await;
    assert_eq!(drain(&queue, 1).await.len(), 1);

    let stranger = tempfile::NamedTempFile::new().unwrap();
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(stranger.path(), key.cert.pem()).unwrap();
    let error = with(server.url(), Some(stranger.path())).publish(Bytes::new()).await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");

    let credentials = server.credentials().unwrap();
    let wrong = server.url().replace(credentials.password, "wrong");
    let error = with(wrong, server.ca()).publish(Bytes::new()).await.unwrap_err();
    assert!(matches!(&error, QueueError::Refused(why) if why.contains("ACCESS_REFUSED")), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn says_that_the_queue_exists_with_other_arguments() {
    let server = tokio::task::spawn_blocking(shared::rabbit).await.unwrap().unwrap();
    let connection = lapin::Connection::connect(&server.url(), Default::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let classic = QueueDeclareOptions { durable: true, ..Default::default() };
    channel.queue_declare("classic".into(), classic, FieldTable::default()).await.unwrap();
    let queue = AmqpQueue::open(AmqpOptions::new(server.url(), "classic")).unwrap();
    for error in [queue.publish(Bytes::new()).await.unwrap_err(), queue.consume(1).await.err().unwrap()] {
        assert!(!error.is_retryable(), "{error}");
        assert!(error.to_string().contains("exists with other arguments"), "{error}");
        assert!(error.to_string().contains("x-queue-type"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_drops_what_comes_back_too_often_is_refused_by_name_unless_that_is_allowed() {
    let server = tokio::task::spawn_blocking(shared::rabbit).await.unwrap().unwrap();
    let connection = lapin::Connection::connect(&server.url(), Default::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let durable = QueueDeclareOptions { durable: true, ..Default::default() };
    let mut limited = FieldTable::default();
    limited.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    limited.insert("x-delivery-limit".into(), AMQPValue::LongInt(5));
    channel.queue_declare("limited".into(), durable, limited).await.unwrap();
    let mut options = AmqpOptions::new(server.url(), "limited");
    let error = AmqpQueue::open(options.clone()).unwrap().publish(Bytes::new()).await.unwrap_err();
    assert!(!error.is_retryable(), "{error}");
    for told in ["x-delivery-limit", "queue.allow_unsafe = true"] {
        assert!(error.to_string().contains(told), "{error}");
    }
    options.allow_unsafe = true;
    let queue = AmqpQueue::open(options).unwrap();
    until_published(&queue, "at the operator's risk", Duration::from_secs(10)).await;
    assert_eq!(drain(&queue, 1).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_2_a_message_that_is_returned_is_no_success_and_the_queue_is_made_again() {
    let server = own_server(Options::default()).await;
    let queue = open(&server.url(), Duration::from_secs(5));
    until_published(&queue, "gone with the queue", Duration::from_secs(10)).await;
    on(&server, |server| drop(server.control(&["delete_queue", "own"]).unwrap())).await;
    let error = queue.publish(Bytes::from_static(b"to nowhere")).await.unwrap_err();
    assert!(error.is_retryable() && error.to_string().contains("no such queue"), "{error}");
    until_published(&queue, "again", Duration::from_secs(10)).await;
    assert_eq!(drain(&queue, 1).await, BTreeSet::from([Bytes::from_static(b"again")]));
}

/// The library tells of a returned message with whichever confirm comes next, so many are under way when the queue goes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_2_among_many_messages_none_that_was_returned_is_taken_for_confirmed() {
    const ROUNDS: usize = 10;
    let server = own_server(Options::default()).await;
    let queue = open(&server.url(), Duration::from_secs(5));
    let connection = lapin::Connection::connect(&server.url(), Default::default()).await.unwrap();
    for round in 0..ROUNDS {
        until_published(&queue, "there is a queue", Duration::from_secs(20)).await;
        let (stop, is_gone) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let mut publishers = JoinSet::new();
        for p in 0..40 {
            let (queue, stop, is_gone) = (Arc::clone(&queue), Arc::clone(&stop), Arc::clone(&is_gone));
            publishers.spawn(async move {
                let mut confirmed = Vec::new();
                for n in 0.. {
                    if stop.load(SeqCst) {
                        break;
                    }
                    let (message, was_gone) = (Bytes::from(format!("{round}-{p}-{n}")), is_gone.load(SeqCst));
                    match queue.publish(message.clone()).await {
                        // What was given before may have gone with the queue.
                        Ok(()) if was_gone => confirmed.push(message),
                        Ok(()) => {}
                        Err(error) => {
                            assert!(error.is_retryable(), "{error}");
                            sleep(Duration::from_millis(5)).await;
                        }
                    }
                }
                confirmed
            });
        }
        sleep(Duration::from_millis(100)).await;
        let channel = connection.create_channel().await.unwrap();
        channel.queue_delete("own".into(), QueueDeleteOptions::default()).await.unwrap();
        is_gone.store(true, SeqCst);
        until_published(&queue, "there is one again", Duration::from_secs(20)).await;
        sleep(Duration::from_millis(100)).await;
        stop.store(true, SeqCst);
        let confirmed: BTreeSet<Bytes> = publishers.join_all().await.into_iter().flatten().collect();
        let mut got = BTreeSet::new();
        let mut consumer = queue.consume(500).await.unwrap();
        while !confirmed.is_subset(&got)
            && let Some(some) = next(&mut *consumer, Duration::from_secs(5)).await
        {
            got.extend(some);
        }
        let lost: Vec<_> = confirmed.difference(&got).take(5).collect();
        assert!(lost.is_empty() && !confirmed.is_empty(), "round {round}, lost: {lost:?} of {}", confirmed.len());
    }
}

/// What `make soak` raises.
const RESTARTS: u64 = 2;

/// Several publish all the while, each message another one, and consumers come and go, who settle what they hold in any order
/// and soon tell the server another prefetch.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_2_and_5_no_confirmed_message_is_passed_over_however_often_server_and_consumers_go() {
    const MESSAGES: usize = 5_000;
    let restarts = std::env::var("TALLYGATE_RESTARTS").map_or(RESTARTS, |restarts| restarts.parse().unwrap());
    let server = own_server(Options::default()).await;
    let stop = Arc::new(AtomicBool::new(false));
    let got = Arc::new(Mutex::new(BTreeSet::new()));
    let (mut publishers, mut consumers) = (JoinSet::new(), JoinSet::new());
    for p in 0..2 {
        let queue = open(&server.url(), Duration::from_secs(5));
        for t in 0..20 {
            let (queue, stop) = (Arc::clone(&queue), Arc::clone(&stop));
            publishers.spawn(async move {
                let mut confirmed = Vec::new();
                for n in 0.. {
                    if stop.load(SeqCst) {
                        break;
                    }
                    let message = Bytes::from(format!("{p}-{t}-{n}"));
                    match queue.publish(message.clone()).await {
                        Ok(()) => confirmed.push(message),
                        Err(_) => sleep(Duration::from_millis(50)).await,
                    }
                }
                confirmed
            });
        }
    }
    for c in 0..2 {
        let (url, got) = (server.url(), Arc::clone(&got));
        consumers.spawn(async move {
            for session in c.. {
                // Another client each time, which knows nothing of the messages yet.
                let queue = open(&url, Duration::from_secs(5));
                if let Err(error) = consume_some(&queue, MESSAGES + session % 7 * 100, &got).await {
                    println!("consumer {c}, session {session}: {error}");
                    sleep(Duration::from_millis(200)).await;
                }
            }
        });
    }
    for turn in 0..restarts {
        sleep(Duration::from_millis(4_000 + turn * 137 % 1_000)).await;
        on(&server, |server| server.kill().unwrap()).await;
        on(&server, |server| server.restart().unwrap()).await;
    }
    sleep(Duration::from_secs(3)).await;
    stop.store(true, SeqCst);
    let all: BTreeSet<Bytes> = publishers.join_all().await.into_iter().flatten().collect();
    let (began, one_lacks) = (Instant::now(), || all.difference(&got.lock().unwrap()).next().cloned());
    while let Some(lost) = one_lacks() {
        assert!(began.elapsed() < Duration::from_secs(60), "{lost:?} of {} never came", all.len());
        sleep(Duration::from_millis(100)).await;
    }
    println!("{} messages confirmed {restarts} restarts through, all of them came", all.len());
}

/// Takes so many, settling them out of order, and leaves without a word.
async fn consume_some(queue: &AmqpQueue, most: usize, got: &Mutex<BTreeSet<Bytes>>) -> Result<(), QueueError> {
    let mut consumer = queue.consume(4_096).await?;
    let (mut taken, mut held) = (0, Vec::new());
    while taken < most {
        for delivery in consumer.receive(500).await? {
            held.push(delivery.tag);
            got.lock().unwrap().insert(delivery.message);
            taken += 1;
        }
        let kept = held.split_off(held.len() / 2);
        let settled = std::mem::replace(&mut held, kept);
        consumer.acknowledge(&settled.into_iter().rev().collect::<Vec<_>>()).await?;
    }
    Ok(())
}
