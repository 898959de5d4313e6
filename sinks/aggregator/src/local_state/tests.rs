//! The local state: kept, cut, merged, and never believed blindly.

use std::ops::Range;
use std::os::unix::fs::FileExt;

use tallygate_core::fold::{Horizon, Verdict};
use tallygate_core::generation::{FOLD_RULES, Plan};
use tallygate_core::record::Entry;
use tallygate_core::{LogId, MessageNumber, PartitionBy, RecordNumber, Run};

use tallygate_core::Day;
use tallygate_embedded::FileId;
use tallygate_embedded::rusqlite::{Connection, Transaction};

use super::*;
use crate::limits::JOIN_BLOBS;

const HORIZON: Horizon = Horizon { past: 2, future: 1 };
const TODAY: i64 = 20_000;

fn generation(number: u32) -> Generation {
    let plan = Plan {
        topic: "t".into(),
        partitions: 1,
        partition_by: PartitionBy::Key,
        horizon_days: 2,
        future_days: 1,
        fold_rules: FOLD_RULES,
        group: "tallygate".into(),
    };
    Generation { number, first_partition: 0, log: LogId(7), plan }
}

fn entry(id: u64) -> Entry<'static> {
    Entry {
        number: RecordNumber { message: MessageNumber { run: Run(1), sequence: id }, ordinal: 0 },
        identity: tallygate_core::Identity::of("p", "json", &id.to_string()),
        partner: "p".into(),
        day: Day::from_epoch_days(TODAY as i32),
        key: "k".into(),
        amount: "1".parse().unwrap(),
        currency: "EUR".parse().unwrap(),
    }
}

fn save(fold: &mut Fold, offsets: Range<u64>) -> Save {
    for offset in offsets.clone() {
        fold.learn(TODAY * 86_400_000, &Ok(entry(offset)));
    }
    Save {
        partition: 0,
        expiry: fold.blob_expiry(),
        blob: fold.take_identities(),
        log_day: fold.log_day().unwrap(),
        fingerprint: Fingerprint(u128::from(offsets.end)),
        recoveries: 0,
        is_first: true,
        offsets,
    }
}

fn end(state: &LocalState, most: u64) -> Option<u64> {
    state.restore_point(0, most, 0).map(|point| point.end)
}

fn new_fold() -> Fold {
    Fold::new(0, HORIZON)
}

/// The offsets whose records the fold knows.
fn known(fold: &mut Fold, most: u64) -> Vec<u64> {
    let mut seen = |id: u64| fold.apply(1_000 + id, TODAY * 86_400_000, &Ok(entry(id))) == Ok(Verdict::Redelivered);
    (0..most).filter(|id| seen(*id)).collect()
}

#[tokio::test]
async fn identities_come_back_up_to_the_place_asked_for_and_survive_joining() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s.db");
    let (mut fold, pieces) = (new_fold(), 3 * JOIN_BLOBS as u64);
    {
        let state = LocalState::open(Some(&path), &generation(1));
        state.forget_behind(0, 0).await.unwrap();
        for n in 0..pieces {
            let save = save(&mut fold, n * 2..n * 2 + 2);
            state.save(vec![save]).await;
        }
    }
    let state = LocalState::open(Some(&path), &generation(1));
    let chain = state.index().get(&0).unwrap().pieces.len() as u64;
    assert!(chain < pieces, "{chain} pieces");
    // Joined or not, what is asked for ends where a piece does.
    let (middle, whole) = (2 * pieces - 7, 2 * pieces);
    assert!(end(&state, middle).is_none_or(|end| end <= middle));
    let all = state.restore_point(0, whole, 0).unwrap();
    assert_eq!(all, RestorePoint { start: 0, end: whole, fingerprint: Fingerprint(u128::from(whole)) });
    assert_eq!(state.restore_point(0, whole, 1), None);
    let mut restored = state.restore(0, whole, new_fold()).await.unwrap();
    assert_eq!(known(&mut restored, whole), (0..whole).collect::<Vec<_>>());
    state.save(vec![save(&mut fold, whole..whole + 1)]).await;
    let point = end(&state, whole).unwrap();
    state.restore(0, point, new_fold()).await.unwrap();
    // What came behind is forgotten, and the chain goes on from there.
    assert_eq!(end(&state, u64::MAX), Some(point));
    let mut again = state.restore(0, point, new_fold()).await.unwrap();
    state.save(vec![save(&mut again, point..point + 1)]).await;
    assert_eq!(end(&state, u64::MAX), Some(point + 1));
}

#[tokio::test]
async fn a_piece_that_does_not_join_is_not_kept() {
    let directory = tempfile::tempdir().unwrap();
    let state = LocalState::open(Some(&directory.path().join("s.db")), &generation(1));
    let mut fold = new_fold();
    let unasked = save(&mut fold, 0..5);
    let late = |offsets| Save { is_first: false, ..save(&mut new_fold(), offsets) };
    state.save(vec![unasked]).await;
    assert_eq!(end(&state, u64::MAX), None);
    state.forget_behind(0, 0).await.unwrap();
    state.save(vec![late(3..5)]).await;
    assert_eq!(end(&state, u64::MAX), None, "what came before it was never kept");
    for offsets in [5..10, 11..12, 12..13, 10..11] {
        let save = save(&mut fold, offsets);
        state.save(vec![save]).await;
    }
    assert_eq!(end(&state, u64::MAX), Some(11));
}

#[tokio::test]
async fn a_file_that_does_not_hold_what_a_piece_goes_on_with_takes_it_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s.db");
    let (state, mut fold) = (LocalState::open(Some(&path), &generation(1)), new_fold());
    state.forget_behind(0, 0).await.unwrap();
    for offsets in [0..5, 5..10] {
        state.save(vec![save(&mut fold, offsets)]).await;
    }
    LocalState::open(Some(&path), &generation(1)).forget_behind(0, 5).await.unwrap();
    state.save(vec![save(&mut fold, 10..15)]).await;
    assert_eq!(end(&state, u64::MAX), None);
    assert_eq!(end(&LocalState::open(Some(&path), &generation(1)), u64::MAX), Some(5));
}

#[tokio::test]
async fn expired_pieces_go_and_the_chain_holds() {
    let directory = tempfile::tempdir().unwrap();
    let state = LocalState::open(Some(&directory.path().join("s.db")), &generation(1));
    state.forget_behind(0, 0).await.unwrap();
    let mut fold = new_fold();
    for offset in 0..10 {
        let mut save = save(&mut fold, offset..offset + 1);
        save.log_day = save.log_day.plus(if offset < 9 { 0 } else { 10 });
        state.save(vec![save]).await;
    }
    assert_eq!(state.index().get(&0).unwrap().pieces.len(), 1);
    let mut restored = state.restore(0, 10, new_fold()).await.unwrap();
    assert_eq!(known(&mut restored, 10), [9]);
}

#[tokio::test]
async fn the_state_of_another_log_is_not_used() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s.db");
    {
        let state = LocalState::open(Some(&path), &generation(1));
        state.forget_behind(0, 0).await.unwrap();
        state.save(vec![save(&mut new_fold(), 0..5)]).await;
        assert_eq!(end(&state, 5), Some(5));
    }
    let (another, before) = (Generation { log: LogId(8), ..generation(1) }, FileId::of(&path));
    // Open, so that no other file is taken for it.
    let _held = std::fs::File::open(&path).unwrap();
    assert_eq!(end(&LocalState::open(Some(&path), &another), 5), None);
    assert_ne!(FileId::of(&path), before, "it was begun anew, not emptied");
}

#[tokio::test]
async fn opening_reads_none_of_the_pieces() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s.db");
    {
        let state = LocalState::open(Some(&path), &generation(1));
        state.forget_behind(0, 0).await.unwrap();
        for n in 0..5 {
            let blob = vec![7; 1_000_000];
            state.save(vec![Save { blob, ..save(&mut new_fold(), n..n + 1) }]).await;
        }
    }
    let pages = "SELECT pageno FROM dbstat WHERE name = 'sights' AND pagetype = 'overflow'";
    let file = Connection::open(&path).unwrap();
    let pages: Vec<u32> =
        file.prepare(pages).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let page: u32 = file.query_row("PRAGMA page_size", [], |row| row.get(0)).unwrap();
    drop(file);
    assert!(pages.len() > 500, "{}", pages.len());
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    for number in pages {
        file.write_all_at(&vec![0xff; page as usize], u64::from(number - 1) * u64::from(page)).unwrap();
    }
    assert_eq!(end(&LocalState::open(Some(&path), &generation(1)), 5), Some(5));
}

#[tokio::test]
async fn a_torn_chain_is_lost_and_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let state = LocalState::open(Some(&directory.path().join("s.db")), &generation(1));
    state.forget_behind(0, 0).await.unwrap();
    let mut fold = new_fold();
    for offset in 0..10 {
        let save = save(&mut fold, offset..offset + 1);
        state.save(vec![save]).await;
    }
    let tear = |transaction: &Transaction<'_>| transaction.execute("DELETE FROM sights WHERE first = 4", []);
    state.database.as_ref().unwrap().write(tear).await.unwrap();
    assert!(state.restore(0, 10, new_fold()).await.is_err());
    assert_eq!(end(&state, 10), None);
}

#[tokio::test]
async fn a_disk_that_does_not_answer_costs_the_chains_and_holds_up_one_flush() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s.db");
    let state = LocalState::open(Some(&path), &generation(1));
    state.forget_behind(0, 0).await.unwrap();
    let mut fold = new_fold();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    // From now on time passes when there is nothing but time to wait for.
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    for (from, waits) in [(0, SAVE), (10, std::time::Duration::ZERO)] {
        let before = begun.elapsed();
        state.save(vec![save(&mut fold, from..from + 10)]).await;
        let waited = begun.elapsed() - before;
        assert!(waited >= waits && waited < waits + std::time::Duration::from_millis(100), "{waited:?}");
    }
    assert_eq!(end(&state, 20), None);
}
