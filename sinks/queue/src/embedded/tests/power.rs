//! What a power cut may leave of the last group, and what no power cut leaves.

use std::fs;
use std::os::unix::fs::FileExt;

use super::*;
use crate::embedded::record::BLOCK;

/// A log of some groups in one segment: where the last one stands, and how long it is.
struct Written {
    directory: TempDir,
    confirmed: Vec<Bytes>,
    last: Vec<Bytes>,
    at: u64,
    bytes: Vec<u8>,
    /// The segment up to it.
    before: Vec<u8>,
}

impl Written {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (mut log, shared) = log(&directory);
        let (first, second, last) = (group(0, 4), group(4, 2), group(6, 5));
        log.append(&first).unwrap();
        log.append(&second).unwrap();
        let read = || fs::read(segment::path(&folder(&directory), 1)).unwrap();
        let before = read();
        log.append(&last).unwrap();
        assert_eq!(shared.lock().depth(), 11);
        drop(log);
        let (after, at) = (read(), before.iter().rposition(|byte| *byte != 0).unwrap() as u64);
        let at = at.next_multiple_of(BLOCK);
        let end = after.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        let bytes = after[usize::try_from(at).unwrap()..end].to_vec();
        let before = after[..usize::try_from(at).unwrap()].to_vec();
        Self { directory, confirmed: [first, second].concat(), last, at, bytes, before }
    }

    /// As it was, with this in the place of the last group.
    fn leave(&self, bytes: &[u8]) {
        for ordinal in segments(&self.directory).into_iter().filter(|ordinal| *ordinal > 1) {
            fs::remove_file(segment::path(&folder(&self.directory), ordinal)).unwrap();
        }
        // Whoever opened it may have told where it ended.
        let acknowledged = acknowledged::Acknowledged::below(0);
        ack_file::AckFile::make(&folder(&self.directory), &acknowledged, 0).unwrap();
        let mut whole = [&self.before, bytes].concat();
        whole.resize(usize::try_from(SMALL).unwrap(), 0);
        fs::write(segment::path(&folder(&self.directory), 1), whole).unwrap();
    }

    /// What was confirmed is there, of the last group all or nothing; and so it stays, whatever is appended behind it.
    async fn is_whole(&self, may_have_last: bool, what: &str) {
        let after = Bytes::from("after");
        let (mut log, shared) = log(&self.directory);
        let has_last = shared.lock().depth() == 11;
        assert!(!has_last || may_have_last, "{what}");
        log.append(std::slice::from_ref(&after)).unwrap();
        drop(log);
        let queue = small(&self.directory).unwrap();
        let mut consumer = queue.consume(100).await.unwrap();
        let all: Vec<Bytes> =
            receive_all(&queue, &mut *consumer).await.into_iter().map(|delivery| delivery.message).collect();
        let mut right = self.confirmed.clone();
        right.extend(self.last.iter().filter(|_| has_last).cloned());
        right.push(after);
        assert!(all == right, "{what}: {} instead of {}", all.len(), right.len());
    }
}

#[tokio::test]
async fn rule_15_a_last_group_that_is_cut_at_any_byte_is_cut_off_and_nothing_else() {
    let written = Written::new();
    // Each byte of the heads and about the blocks' ends, and some between.
    for length in (0..written.bytes.len()).filter(|length| length % 4096 < 34 && length % 3 < 2 || length % 509 == 0) {
        written.leave(&written.bytes[..length]);
        written.is_whole(false, &format!("cut at {length}")).await;
    }
    written.leave(&written.bytes);
    written.is_whole(true, "whole").await;
}

#[tokio::test]
async fn rule_15_of_the_last_group_any_choice_of_its_sectors_may_be_lost_or_garbled() {
    const SECTOR: usize = 512;
    let written = Written::new();
    let sectors = written.bytes.len().div_ceil(SECTOR);
    let mut random = 11_u64;
    for round in 0..80 {
        let mut bytes = written.bytes.clone();
        let mut is_changed = false;
        for sector in bytes.chunks_mut(SECTOR) {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            match (random >> 40) % if round % 2 == 0 { 3 } else { sectors as u64 } {
                0 => sector.fill(0),
                1 => sector.iter_mut().for_each(|byte| *byte ^= 0x5a),
                _ => continue,
            }
            is_changed = true;
        }
        written.leave(&bytes);
        written.is_whole(!is_changed, &format!("round {round}")).await;
    }
}

#[tokio::test]
async fn rule_15_what_was_confirmed_and_is_not_whole_is_named_and_nothing_is_written() {
    let written = Written::new();
    let path = segment::path(&folder(&written.directory), 1);
    let whole = fs::read(&path).unwrap();
    for at in (4096..usize::try_from(written.at).unwrap()).filter(|at| whole[*at] != 0).step_by(397) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&path, &bytes).unwrap();
        let told = small(&written.directory).err().unwrap().to_string();
        assert!(told.contains(&path.display().to_string()) && told.contains("restore"), "{told}");
        assert!(told.contains("the file is damaged (a record that was synced is not whole"), "{told}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
    // A head of the segment that is damaged, and one that is missing.
    let mut bytes = whole.clone();
    bytes[34] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert!(small(&written.directory).err().unwrap().to_string().contains("does not begin as it would"));
    fs::write(&path, &whole).unwrap();
    assert_eq!(small(&written.directory).unwrap().depth().await.unwrap(), 11);
}

#[tokio::test]
async fn a_last_segment_that_is_shorter_than_it_was_made_is_named() {
    let written = Written::new();
    let path = segment::path(&folder(&written.directory), 1);
    let whole = fs::read(&path).unwrap();
    for (length, why) in [
        (SMALL - 1, "cut off at byte 65535"),
        (written.at + 20, "cut off"),
        (written.at, "cut off"),
        (BLOCK + 20, "a record that was synced is not whole"),
        (BLOCK, "a record that was synced is not whole"),
    ] {
        fs::write(&path, &whole[..usize::try_from(length).unwrap()]).unwrap();
        let told = small(&written.directory).err().unwrap().to_string();
        assert!(told.contains(&path.display().to_string()) && told.contains(why), "{length}: {told}");
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(small(&written.directory).unwrap().depth().await.unwrap(), 11);
}

#[tokio::test]
async fn a_last_group_that_is_known_to_have_been_synced_is_not_cut_off() {
    let (queue, directory) = fresh();
    publish(&queue, 3).await;
    drop(queue);
    let path = segment::path(&folder(&directory), 1);
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&[0xff; 64], 3 * BLOCK).unwrap();
    let told = EmbeddedQueue::open(folder(&directory)).err().unwrap().to_string();
    assert!(told.contains("a record that was synced is not whole, at byte 12288"), "{told}");
}

#[tokio::test]
async fn segments_with_messages_that_wait_are_missed() {
    let directory = tempfile::tempdir().unwrap();
    let (mut log, _shared) = log(&directory);
    for n in 0..20 {
        log.append(&[Bytes::from(vec![n; 9_000])]).unwrap();
    }
    drop(log);
    let all = segments(&directory);
    for missing in [all[0], all[1], *all.last().unwrap()] {
        let path = segment::path(&folder(&directory), missing);
        let whole = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let told = match small(&directory) {
            Err(told) => told,
            Ok(queue) => {
                let mut consumer = queue.consume(100).await.unwrap();
                loop {
                    match consumer.receive(100).await {
                        Ok(some) => assert!(some.len() < 20),
                        Err(told) => break told,
                    }
                }
            }
        };
        assert!(!told.is_retryable() && told.to_string().contains("damaged"), "{told}");
        fs::write(&path, whole).unwrap();
    }
    fs::remove_file(ack_file::path(&folder(&directory))).unwrap();
    assert!(small(&directory).err().unwrap().to_string().contains("acknowledged: the file is damaged (it is missing)"));
}

#[tokio::test]
async fn a_segment_that_was_never_begun_is_removed() {
    let (queue, directory) = fresh();
    publish(&queue, 3).await;
    drop(queue);
    for ordinal in [2, 3] {
        fs::write(segment::path(&folder(&directory), ordinal), vec![0; 10_000]).unwrap();
    }
    let queue = EmbeddedQueue::open(folder(&directory)).unwrap();
    assert_eq!((queue.depth().await.unwrap(), segments(&directory)), (3, vec![1]));
    queue.publish("after".into()).await.unwrap();
    assert_eq!(segments(&directory), [1]);
}

/// What stands behind the beginning of the next segment was written, and its sync failed.
#[tokio::test]
async fn what_a_segment_holds_behind_the_beginning_of_the_next_one_counts_for_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (mut log, shared) = log(&directory);
    log.append(&group(0, 3)).unwrap();
    let base = shared.lock().end();
    log.append(&group(3, 2)).unwrap();
    drop(log);
    let next = segment::Segment { ordinal: 2, id: 77, base };
    drop(next.make(&folder(&directory), SMALL).unwrap());
    ack_file::AckFile::make(&folder(&directory), &acknowledged::Acknowledged::below(0), base).unwrap();
    let queue = small(&directory).unwrap();
    queue.publish("after".into()).await.unwrap();
    let mut consumer = queue.consume(100).await.unwrap();
    let all = receive_all(&queue, &mut *consumer).await;
    assert_eq!((all.len(), &all[3].message[..]), (4, &b"after"[..]));
}
