//! Records that the stream does not take, among others that it takes.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use bytes::Bytes;
use tallygate_core::{Identity, PartitionBy, partition};
use tallygate_queue::Queue;
use tokio::time::sleep;

use super::fake_stream::AWAY;
use super::real_time::in_real_time;
use super::{Line, batch, line, message, options};
use crate::limits::{APPENDS_IN_FLIGHT, BATCH_MESSAGES, HELD_UP_MESSAGES, PIECE_RECORDS, UNREADABLE_BYTES};
use crate::timeouts::{HELD_UP, LEASE, REFUSED_AGAIN, STAND};

const MINUTE: Duration = Duration::from_secs(60);

/// Lets time pass, and the queue's own threads, whose time is not the runtime's, keep up with it.
async fn pass(time: Duration) {
    for _ in 0..time.as_secs() {
        sleep(Duration::from_secs(1)).await;
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Ships for so long.
async fn ships_for(line: &Line, time: Duration) {
    let (stop, shipper) = (line.stop.child_token(), line.shipper(options(u16::MAX)));
    let end = async {
        pass(time).await;
        line.at_the_end();
        stop.cancel();
    };
    tokio::join!(shipper.run(stop.clone()), end);
}

/// A message of one transaction that goes to this partition.
fn of_partition(wanted: u32, sequence: u64) -> Bytes {
    let goes_there = |key: &String| partition::partition(PartitionBy::Key, key, Identity(0), 4) == wanted;
    let key = (0..).map(|n| format!("k{n}")).find(goes_there).unwrap();
    message(sequence, &[(&format!("{wanted}-{sequence}"), &key)])
}

impl Line {
    async fn depth(&self) -> u64 {
        self.queue.inner.depth().await.unwrap()
    }

    fn each_was_appended_once(&self) {
        assert!(self.stream.appended.lock().unwrap().values().all(|times| *times == 1));
    }
}

#[tokio::test(start_paused = true)]
async fn one_refused_record_repeats_no_other_and_keeps_its_message_in_the_queue() {
    let line = line(1, 0, 0);
    let whole = line.publish((0..50).map(|n| batch(n, 5))).await;
    let poisoned = line.publish([message(99, &[("a", "k1"), ("poison", "k2"), ("b", "k3")])]).await;
    line.stream.refuse(Some("poison"));
    ships_for(&line, 10 * MINUTE).await;
    let seen = line.seen();
    assert_eq!(line.depth().await, 1, "it is not acknowledged");
    assert_eq!((line.missing(&whole), line.missing(&poisoned)), (0, 1));
    line.each_was_appended_once();
    assert_eq!((seen.held_up, seen.refused, line.metrics.held_up.get()), (1, 1, 0));
    let told = seen.troubles.join("; ");
    assert!(told.contains("1 messages stay in the queue") && told.contains("/99: "), "{told}");
    assert!(told.contains("too large"), "{told}");
    let tries = line.metrics.append_errors.get();
    assert!((8..=12).contains(&tries), "it is tried now and then: {tries}");
    assert_eq!(line.queue.too_early.load(SeqCst), 0);

    line.stream.refuse(None);
    let shipper = line.shipper(options(100)).run(line.stop.clone());
    tokio::select! { () = shipper => panic!("ended"), () = line.empty() => {} }
    assert_eq!(line.missing(&poisoned), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_is_shipped_once_somebody_changed_something() {
    let line = line(1, 0, 0);
    let values = line.publish([message(99, &[("a", "k1"), ("poison", "k2")])]).await;
    line.stream.refuse(Some("poison"));
    let change = async {
        pass(REFUSED_AGAIN / 2).await;
        line.stream.refuse(None);
        line.empty().await;
    };
    let shipper = line.shipper(options(100)).run(line.stop.clone());
    tokio::select! { () = shipper => panic!("ended"), () = change => {} }
    assert_eq!(line.missing(&values), 0);
    line.each_was_appended_once();
}

#[tokio::test(start_paused = true)]
async fn a_partition_without_a_leader_holds_up_its_own_messages_alone() {
    let line = line(1, 0, 0);
    line.stream.away.lock().unwrap().insert(2);
    for n in 0..20 {
        line.publish((0..4).flat_map(|p| (0..30).map(move |m| of_partition(p, 1_000 * n + m)))).await;
    }
    let both = line.publish((0..10).map(|n| batch(90_000 + n, 20))).await;
    let back = async {
        pass(2 * AWAY + MINUTE).await;
        let waits = line.depth().await;
        assert!((600..=610).contains(&waits), "those of the others are acknowledged: {waits}");
        let told = line.told.troubles().join("; ");
        assert!(told.contains("partition 2 of the log takes nothing") && told.contains("no leader"), "{told}");
        line.stream.away.lock().unwrap().clear();
        line.empty().await;
    };
    let shipper = line.shipper(options(u16::MAX)).run(line.stop.clone());
    tokio::select! { () = shipper => panic!("ended"), () = back => {} }
    assert_eq!(line.missing(&both), 0);
    line.each_was_appended_once();
    assert_eq!(line.queue.too_early.load(SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn one_partition_that_is_long_away_stops_no_other_however_quiet_they_are() {
    let line = line(1, 0, 0);
    line.stream.away.lock().unwrap().insert(2);
    line.publish([of_partition(2, 1)]).await;
    let later = async {
        pass(3 * LEASE).await;
        let others = line.publish([of_partition(1, 2)]).await;
        pass(MINUTE).await;
        assert_eq!((line.depth().await, line.missing(&others)), (1, 0));
        assert_eq!(line.queue.consumers.load(SeqCst), 1);
    };
    let shipper = line.shipper(options(100)).run(line.stop.clone());
    tokio::select! { () = shipper => panic!("ended"), () = later => {} }
}

#[tokio::test(start_paused = true)]
async fn what_is_held_up_is_bounded_and_goes_on_afterwards() {
    let line = line(1, 0, 0);
    line.stream.away.lock().unwrap().insert(2);
    let many = 2 * HELD_UP_MESSAGES as u64;
    line.publish((0..many).map(|n| of_partition(2, n))).await;
    let others = line.publish((0..50).map(|n| of_partition(1, n))).await;
    let back = async {
        pass(2 * MINUTE).await;
        let held = usize::try_from(line.metrics.held_up.get()).unwrap();
        let most = HELD_UP_MESSAGES + (APPENDS_IN_FLIGHT + 1) * BATCH_MESSAGES;
        assert!((HELD_UP_MESSAGES..=most).contains(&held), "{held}");
        let told = line.told.troubles().join("; ");
        assert!(told.contains("nothing more is taken from the queue"), "{told}");
        line.stream.away.lock().unwrap().clear();
        line.empty().await;
    };
    let shipper = line.shipper(options(u16::MAX)).run(line.stop.clone());
    tokio::select! { () = shipper => panic!("ended"), () = back => {} }
    assert_eq!(line.missing(&others), 0);
    line.each_was_appended_once();
}

#[tokio::test(start_paused = true)]
async fn nothing_is_held_up_for_longer_than_a_server_bears() {
    let line = line(1, 0, 0);
    line.publish([message(99, &[("poison", "k2")])]).await;
    line.stream.refuse(Some("poison"));
    ships_for(&line, HELD_UP + 3 * REFUSED_AGAIN).await;
    assert_eq!((line.depth().await, line.queue.released.load(SeqCst)), (1, 2), "then, and at the end");
    assert_eq!(line.queue.consumers.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_message_of_another_release_stops_the_shipper_by_name_and_stays_as_it_is() {
    let line = line(1, 0, 0);
    let ours = String::from_utf8(batch(2, 3).to_vec()).unwrap();
    let theirs = Bytes::from(ours.replacen(":1,", ":2,", 1));
    let values = line.publish([batch(1, 3)]).await;
    in_real_time(line.queue.inner.publish(theirs.clone())).await.unwrap();
    ships_for(&line, STAND * 5 / 2).await;
    let seen = line.seen();
    assert_eq!((line.depth().await, line.missing(&values)), (1, 0));
    assert_eq!(line.stream.appended.lock().unwrap().len(), 3, "nothing of it is in the log");
    assert_eq!((seen.stands, line.metrics.unreadable.get()), (1, 0));
    let told = seen.troubles.join("; ");
    assert!(told.contains("it stands") && told.contains("format 2"), "{told}");
    assert_eq!(line.queue.consumers.load(SeqCst), 3, "it looks again now and then");
    let mut next = line.queue.inner.consume(1).await.unwrap();
    assert_eq!(next.receive(1).await.unwrap()[0].message, theirs);
}

#[tokio::test(start_paused = true)]
async fn a_message_of_many_transactions_is_appended_in_pieces() {
    let line = line(1, 0, 0);
    let values = line.publish([batch(1, 5 * PIECE_RECORDS / 2)]).await;
    let shipper = line.shipper(options(100)).run(line.stop.clone());
    tokio::select! { () = shipper => panic!("ended"), () = line.empty() => {} }
    assert_eq!((line.missing(&values), line.stream.largest.load(SeqCst)), (0, PIECE_RECORDS));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_cut_off_a_large_message_that_does_not_read() {
    let line = line(1, 0, 0);
    let garbage: Bytes = (0..UNREADABLE_BYTES * 3 / 2).map(|n| (n % 127) as u8 | 0x80).collect::<Vec<u8>>().into();
    in_real_time(line.queue.inner.publish(garbage.clone())).await.unwrap();
    let shipper = line.shipper(options(100)).run(line.stop.clone());
    tokio::select! { () = shipper => panic!("ended"), () = line.empty() => {} }
    let shipped: usize = line.stream.appended.lock().unwrap().keys().map(Bytes::len).sum();
    assert_eq!((shipped, line.metrics.unreadable.get()), (garbage.len(), 1));
}
