//! What stands in the folder: segments that come and go, and what an earlier release left.

use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};

use tallygate_embedded::rusqlite::Connection;
use tokio::task::JoinSet;

use super::*;
use crate::limits::REMOVED_AT_ONCE;

const BIG: usize = 9_000;

fn big(n: usize) -> Bytes {
    let mut message = format!("message {n} ").into_bytes();
    message.resize(BIG, b'x');
    message.into()
}

async fn publish_big(queue: &EmbeddedQueue, count: usize) {
    let mut publishers = JoinSet::new();
    for n in 0..count {
        let queue = queue.clone();
        publishers.spawn(async move { queue.publish(big(n)).await.unwrap() });
    }
    publishers.join_all().await;
}

/// They are removed by and by.
async fn until_left(directory: &TempDir, left: &[u64]) {
    let are_left = async {
        while segments(directory) != left {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(LONG, are_left).await.unwrap_or_else(|_| panic!("{:?} are left, not {left:?}", segments(directory)));
}

#[tokio::test]
async fn segments_of_which_nothing_waits_are_removed_and_the_others_are_not() {
    let directory = tempfile::tempdir().unwrap();
    let queue = small(&directory).unwrap();
    for n in 0..30 {
        queue.publish(big(n)).await.unwrap();
    }
    let all = segments(&directory);
    assert!(all.len() >= 5, "{all:?}");
    let mut consumer = queue.consume(100).await.unwrap();
    let mut received = receive_all(&queue, &mut *consumer).await;
    received.sort_by_key(|delivery| delivery.tag);
    // One in the first segment waits, and all behind it are dealt with.
    consumer.acknowledge(&tags(&received[1..])).await.unwrap();
    until_left(&directory, &[all[0], all[all.len() - 1]]).await;
    drop((consumer, queue));
    let queue = small(&directory).unwrap();
    assert_eq!(queue.depth().await.unwrap(), 1);
    let mut consumer = queue.consume(100).await.unwrap();
    let again = receive_all(&queue, &mut *consumer).await;
    assert_eq!(again[0].message, received[0].message);
    consumer.acknowledge(&tags(&again)).await.unwrap();
    until_left(&directory, &[all[all.len() - 1]]).await;
    queue.publish("after".into()).await.unwrap();
    assert_eq!(&receive(&mut *consumer, 1).await[0].message[..], b"after");
}

#[tokio::test]
async fn a_segment_is_removed_in_pieces_and_what_a_process_left_of_it_goes_with_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let (mut log, _) = log(&directory);
    log.segment_bytes = 2 * REMOVED_AT_ONCE;
    let message = Bytes::from(vec![b'x'; 900_000]);
    (0..4).for_each(|_| log.append(std::slice::from_ref(&message)).unwrap());
    let [first, .., last] = segments(&directory)[..] else { panic!("some segments") };
    log.acknowledge(0..4).unwrap();
    log.let_go_done();
    let length = || fs::metadata(segment::path(&folder(&directory), first)).unwrap().len();
    assert_eq!(length(), 2 * REMOVED_AT_ONCE);
    assert!(log.remove_piece());
    assert_eq!(length(), REMOVED_AT_ONCE);
    // The process ends here.
    drop(log);
    let queue = EmbeddedQueue::open_with(&folder(&directory), 2 * REMOVED_AT_ONCE).unwrap();
    assert_eq!(queue.depth().await.unwrap(), 0);
    until_left(&directory, &[last]).await;
    queue.publish("after".into()).await.unwrap();
    let mut consumer = queue.consume(100).await.unwrap();
    assert_eq!(&receive(&mut *consumer, 1).await[0].message[..], b"after");
}

#[tokio::test]
async fn what_is_acknowledged_with_gaps_is_not_delivered_again_by_the_next_process() {
    let directory = tempfile::tempdir().unwrap();
    let queue = small(&directory).unwrap();
    publish_big(&queue, 40).await;
    let mut consumer = queue.consume(100).await.unwrap();
    let received = receive_all(&queue, &mut *consumer).await;
    let (gone, kept): (Vec<_>, Vec<_>) = received.into_iter().partition(|delivery| delivery.tag.0 % 3 == 0);
    consumer.acknowledge(&tags(&gone)).await.unwrap();
    drop((consumer, queue));
    let queue = small(&directory).unwrap();
    assert_eq!(queue.depth().await.unwrap(), kept.len() as u64);
    let mut consumer = queue.consume(3).await.unwrap();
    let mut again = Vec::new();
    while again.len() < kept.len() {
        let some = receive(&mut *consumer, 7).await;
        consumer.acknowledge(&tags(&some)).await.unwrap();
        again.extend(some.into_iter().map(|delivery| delivery.message));
    }
    let mut kept: Vec<Bytes> = kept.into_iter().map(|delivery| delivery.message).collect();
    kept.sort();
    again.sort();
    assert_eq!(again, kept);
    assert_eq!(queue.depth().await.unwrap(), 0);
}

/// More than is kept of them in memory, so that they are read again; and some come back on the way.
#[tokio::test]
async fn a_consumer_that_lags_behind_reads_what_was_appended_long_ago() {
    let directory = tempfile::tempdir().unwrap();
    let queue = EmbeddedQueue::open(folder(&directory)).unwrap();
    let count = 2 * crate::limits::RECENT_BYTES / 1_000_000;
    let message = |n: usize| Bytes::from([&[u8::try_from(n).unwrap(); 1_000_000][..], b"end"].concat());
    for n in 0..count {
        queue.publish(message(n)).await.unwrap();
    }
    let mut consumer = queue.consume(100).await.unwrap();
    let first = receive(&mut *consumer, 3).await;
    consumer.release(&tags(&first[1..2])).await.unwrap();
    let mut all = vec![first[0].clone(), first[2].clone()];
    while all.len() < count {
        all.extend(receive(&mut *consumer, 100).await);
    }
    let mut seen: Vec<Bytes> = all.into_iter().map(|delivery| delivery.message).collect();
    seen.sort();
    assert!(seen.iter().enumerate().all(|(n, one)| *one == message(n)) && seen.len() == count);
}

#[tokio::test]
async fn opening_and_asking_the_depth_read_no_message_but_those_of_the_last_segment() {
    let directory = tempfile::tempdir().unwrap();
    let queue = small(&directory).unwrap();
    publish_big(&queue, 100).await;
    drop(queue);
    let all = segments(&directory);
    for ordinal in &all[..all.len() - 1] {
        let file = fs::OpenOptions::new().write(true).open(segment::path(&folder(&directory), *ordinal)).unwrap();
        file.write_all_at(&vec![0xff; SMALL as usize - 4096], 4096).unwrap();
    }
    for queue in [small(&directory).unwrap(), EmbeddedQueue::open_read_only(folder(&directory)).unwrap()] {
        assert_eq!(queue.depth().await.unwrap(), 100);
    }
    // What is read then is told by name, and what is published meanwhile is kept.
    let queue = small(&directory).unwrap();
    queue.publish("meanwhile".into()).await.unwrap();
    let mut consumer = queue.consume(10).await.unwrap();
    let told = consumer.receive(10).await.unwrap_err();
    let first = segment::path(&folder(&directory), all[0]).display().to_string();
    assert!(!told.is_retryable() && told.to_string().contains(&first), "{told}");
    assert!(told.to_string().contains("the file is damaged"), "{told}");
}

#[tokio::test]
async fn its_depth_is_told_while_another_process_works_with_it() {
    let (queue, directory) = fresh();
    let beside = EmbeddedQueue::open_read_only(folder(&directory)).unwrap();
    assert_eq!(beside.depth().await.unwrap(), 0);
    publish(&queue, 7).await;
    let mut consumer = queue.consume(10).await.unwrap();
    let received = receive(&mut *consumer, 10).await;
    consumer.acknowledge(&tags(&received[2..5])).await.unwrap();
    assert_eq!(beside.depth().await.unwrap(), 4);
    let refused = beside.publish("a".into()).await.unwrap_err().to_string();
    assert!(refused.contains("was opened for its depth alone") && beside.consume(1).await.is_err(), "{refused}");
    let missing = EmbeddedQueue::open_read_only(directory.path().join("none")).err().unwrap().to_string();
    assert!(missing.contains("there is no such queue"), "{missing}");
}

#[tokio::test]
async fn a_folder_that_lost_its_name_confirms_nothing_and_one_that_is_put_back_goes_on() {
    let (queue, directory) = fresh();
    publish(&queue, 3).await;
    let (folder, aside) = (folder(&directory), directory.path().join("aside"));
    fs::rename(&folder, &aside).unwrap();
    let told = queue.publish("lost".into()).await.unwrap_err();
    assert!(told.is_retryable() && told.to_string().contains("was removed or replaced while it was in use"), "{told}");
    drop(EmbeddedQueue::open(&folder).unwrap());
    assert!(queue.publish("lost".into()).await.is_err(), "another stands there");
    fs::remove_dir_all(&folder).unwrap();
    fs::rename(&aside, &folder).unwrap();
    queue.publish("kept".into()).await.unwrap();
    let mut consumer = queue.consume(10).await.unwrap();
    assert_eq!(&receive_all(&queue, &mut *consumer).await[3].message[..], b"kept");
}

#[tokio::test]
async fn the_file_of_an_earlier_release_is_taken_over_and_removed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("queue.db");
    let earlier = "CREATE TABLE messages (id INTEGER PRIMARY KEY, message BLOB NOT NULL) STRICT;
        CREATE TABLE depth (messages INTEGER NOT NULL) STRICT; INSERT INTO depth VALUES (0);
        CREATE TRIGGER published AFTER INSERT ON messages BEGIN UPDATE depth SET messages = messages + 1; END;
        CREATE TRIGGER acknowledged AFTER DELETE ON messages BEGIN UPDATE depth SET messages = messages - 1; END;";
    let connection = Connection::open(&file).unwrap();
    connection.execute_batch(&format!("{earlier} BEGIN;")).unwrap();
    for n in 0..3_000 {
        connection.execute("INSERT INTO messages VALUES (?1, ?2)", (n * 2, format!("message {n}").as_bytes())).unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
    drop(connection);
    let refused = EmbeddedQueue::open_read_only(folder(&directory)).err().unwrap().to_string();
    assert!(refused.contains("is an earlier release's"), "{refused}");
    let queue = EmbeddedQueue::open(folder(&directory)).unwrap();
    assert!(!file.exists());
    queue.publish("message 3000".into()).await.unwrap();
    let mut consumer = queue.consume(5_000).await.unwrap();
    for (n, delivery) in receive_all(&queue, &mut *consumer).await.iter().enumerate() {
        assert_eq!(delivery.message, format!("message {n}"));
    }
    assert_eq!(queue.depth().await.unwrap(), 3_001);
}

#[tokio::test]
async fn a_take_over_that_was_cut_short_goes_on_and_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("queue.db");
    let connection = Connection::open(&file).unwrap();
    let earlier = "CREATE TABLE messages (id INTEGER PRIMARY KEY, message BLOB NOT NULL) STRICT;
        INSERT INTO messages VALUES (1, x'31'), (2, x'32'), (3, x'33');
        CREATE TRIGGER fails BEFORE DELETE ON messages BEGIN SELECT RAISE(ABORT, 'on purpose'); END;";
    connection.execute_batch(earlier).unwrap();
    assert!(EmbeddedQueue::open(folder(&directory)).err().unwrap().to_string().contains("queue.db"));
    assert!(file.exists());
    connection.execute_batch("DROP TRIGGER fails").unwrap();
    drop(connection);
    let queue = EmbeddedQueue::open(folder(&directory)).unwrap();
    let mut consumer = queue.consume(100).await.unwrap();
    let all = receive_all(&queue, &mut *consumer).await;
    // What stood in both comes twice, as a redelivery.
    let all: Vec<&[u8]> = all.iter().map(|delivery| &delivery.message[..]).collect();
    assert_eq!(all, [b"1", b"2", b"3", b"1", b"2", b"3"]);
    assert!(!file.exists());
}

#[tokio::test]
async fn what_it_keeps_is_its_users_alone() {
    let (queue, directory) = fresh();
    publish(&queue, 1).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder(&directory)), 0o700);
    for entry in fs::read_dir(folder(&directory)).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[tokio::test]
async fn a_file_in_the_folders_place_is_told_by_name_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(folder(&directory), "no folder").unwrap();
    let told = EmbeddedQueue::open(folder(&directory)).err().unwrap().to_string();
    assert!(told.contains("queue: the file is damaged (it is no folder)"), "{told}");
    assert_eq!(fs::read(folder(&directory)).unwrap(), b"no folder");
}
