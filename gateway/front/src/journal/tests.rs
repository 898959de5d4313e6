//! The journal on a real disk, with somebody who meddles with its files.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tallygate_core::{Day, MessageNumber, Run};

use super::*;

mod hanging;

const RUN: Run = Run(7);

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn number(sequence: u64) -> MessageNumber {
    MessageNumber { run: RUN, sequence }
}

fn options(dir: &Path) -> JournalOptions {
    JournalOptions {
        dir: dir.join("journal"),
        keep_days: 2,
        max_bytes: 1 << 20,
        answer_within: Duration::from_secs(10),
    }
}

fn open(dir: &Path, today: Day) -> (Journal, JournalMetrics) {
    let metrics = JournalMetrics::default();
    (Journal::open(&options(dir), RUN, today, metrics.clone()).unwrap(), metrics)
}

async fn append(journal: &Journal, today: Day, sequence: u64) {
    let room = journal.claim("shop", &[]).unwrap();
    journal.append(room, today, number(sequence), "shop", &[]).await.unwrap();
}

fn kept(dir: &Path) -> Vec<u64> {
    read(&dir.join("journal")).map(|entry| entry.unwrap().number.sequence).collect()
}

fn path(dir: &Path, today: Day) -> std::path::PathBuf {
    dir.join("journal").join(file::name(today, RUN))
}

#[tokio::test]
async fn each_utc_day_has_its_file_and_old_ones_go() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = open(dir.path(), day("2026-11-20"));
    let days = ["2026-11-20", "2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23"];
    for (sequence, on) in days.into_iter().enumerate() {
        append(&journal, day(on), sequence as u64).await;
    }
    assert_eq!(kept(dir.path()), [2, 3, 4]);
}

#[tokio::test]
async fn a_clock_that_leaps_ahead_takes_no_day_that_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = open(dir.path(), day("2026-11-20"));
    for (sequence, on) in ["2026-11-20", "2026-11-21", "2026-11-22"].into_iter().enumerate() {
        append(&journal, day(on), sequence as u64).await;
    }
    let leapt = day("2027-11-22");
    journal.tend(leapt).await.unwrap();
    append(&journal, leapt, 3).await;
    let reopened = Journal::open(&options(dir.path()), Run(8), leapt, JournalMetrics::default()).unwrap();
    reopened.tend(leapt).await.unwrap();
    assert_eq!(kept(dir.path()), [1, 2, 3], "the leap is one day more");
    // Set right again, what was written ahead makes nothing older.
    for (sequence, on) in ["2026-11-22", "2026-11-23"].into_iter().enumerate() {
        append(&journal, day(on), 4 + sequence as u64).await;
    }
    journal.tend(day("2026-11-23")).await.unwrap();
    assert_eq!(kept(dir.path()), [1, 2, 4, 5, 3]);
    journal.tend(day("2026-11-24")).await.unwrap();
    assert_eq!(kept(dir.path()), [2, 4, 5, 3], "days go on as before");
}

#[tokio::test]
async fn days_on_which_no_gateway_ran_make_no_file_too_old() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = open(dir.path(), day("2026-11-20"));
    append(&journal, day("2026-11-20"), 0).await;
    drop(journal);
    let (journal, _) = open(dir.path(), day("2026-12-01"));
    assert_eq!(kept(dir.path()), [0]);
    for (on, left) in [("2026-12-02", 1), ("2026-12-03", 0)] {
        journal.tend(day(on)).await.unwrap();
        assert_eq!(kept(dir.path()).len(), left, "{on}");
    }
}

#[tokio::test]
async fn rule_13_each_of_many_lines_at_one_time_stands_whole_in_the_file_of_its_day() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = open(dir.path(), day("2026-11-20"));
    let days = ["2026-11-20", "2026-11-21"].map(day);
    let lines = (0..1_000).map(|sequence| append(&journal, days[sequence as usize / 500], sequence));
    futures::future::join_all(lines).await;
    let mut found = kept(dir.path());
    found.sort_unstable();
    assert_eq!(found, (0..1_000).collect::<Vec<_>>());
    let second = fs::read_to_string(path(dir.path(), days[1])).unwrap();
    assert_eq!(second.lines().count(), 500);
}

#[tokio::test]
async fn files_that_become_too_old_go_while_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, metrics) = open(dir.path(), day("2026-11-20"));
    append(&journal, day("2026-11-20"), 0).await;
    append(&journal, day("2026-11-21"), 1).await;
    let both = metrics.bytes.get();
    journal.tend(day("2026-11-22")).await.unwrap();
    assert_eq!((kept(dir.path()), metrics.bytes.get()), (vec![0, 1], both));
    journal.tend(day("2026-11-23")).await.unwrap();
    assert_eq!((kept(dir.path()), metrics.bytes.get()), (vec![1], both / 2));
}

#[tokio::test]
async fn rule_13_a_torn_tail_is_named_and_hides_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let today = day("2026-11-20");
    let (journal, _) = open(dir.path(), today);
    for sequence in 0..3 {
        append(&journal, today, sequence).await;
    }
    let whole = fs::read(path(dir.path(), today)).unwrap();
    fs::write(path(dir.path(), today), &whole[..whole.len() - 5]).unwrap();
    let all: Vec<_> = read(&dir.path().join("journal")).collect();
    assert_eq!(all.len(), 3);
    assert!(all[..2].iter().all(Result::is_ok));
    let damage = all[2].as_ref().unwrap_err();
    assert_eq!((damage.line, damage.problem.as_str()), (3, "it was not written whole"));
}

#[tokio::test]
async fn rule_13_no_line_is_lost_when_the_file_or_its_folder_is_removed() {
    type Remove = fn(&Path, &Path);
    let ways: [Remove; 3] = [
        |_, file| fs::remove_file(file).unwrap(),
        |dir, _| fs::remove_dir_all(dir.join("journal")).unwrap(),
        |dir, _| {
            let _ = fs::remove_dir_all(dir.join("moved"));
            fs::rename(dir.join("journal"), dir.join("moved")).unwrap();
            fs::create_dir(dir.join("journal")).unwrap();
        },
    ];
    for (way, remove) in ways.into_iter().enumerate() {
        let (dir, today) = (tempfile::tempdir().unwrap(), day("2026-11-20"));
        let (journal, metrics) = open(dir.path(), today);
        append(&journal, today, 0).await;
        append(&journal, today, 1).await;
        remove(dir.path(), &path(dir.path(), today));
        append(&journal, today, 2).await;
        assert_eq!(kept(dir.path()), [0, 1, 2], "way {way}, before the next reply leaves");
        remove(dir.path(), &path(dir.path(), today));
        journal.tend(today).await.unwrap();
        append(&journal, today, 3).await;
        assert_eq!((kept(dir.path()), metrics.replaced.get()), (vec![0, 1, 2, 3], 2), "way {way}");
    }
}

#[tokio::test]
async fn rule_13_a_file_that_was_replaced_has_every_line_too() {
    let (dir, today) = (tempfile::tempdir().unwrap(), day("2026-11-20"));
    let (journal, metrics) = open(dir.path(), today);
    append(&journal, today, 0).await;
    append(&journal, today, 1).await;
    // As an editor saves: a new file under the old name, here with a line that has no end.
    let other = dir.path().join("other");
    fs::copy(path(dir.path(), today), &other).unwrap();
    let whole = fs::read(&other).unwrap();
    fs::write(&other, &whole[..whole.len() - 1]).unwrap();
    fs::rename(&other, path(dir.path(), today)).unwrap();
    append(&journal, today, 2).await;
    assert_eq!((kept(dir.path()), metrics.replaced.get()), (vec![0, 1, 0, 1, 2], 1));
}

#[tokio::test]
async fn a_file_that_was_cut_is_named_and_written_on() {
    let (dir, today) = (tempfile::tempdir().unwrap(), day("2026-11-20"));
    let (journal, metrics) = open(dir.path(), today);
    append(&journal, today, 0).await;
    fs::File::create(path(dir.path(), today)).unwrap();
    journal.tend(today).await.unwrap();
    append(&journal, today, 1).await;
    assert_eq!((kept(dir.path()), metrics.replaced.get()), (vec![1], 1));
}

#[tokio::test]
async fn a_bound_in_bytes_holds_over_all_files_of_the_folder() {
    let (dir, today) = (tempfile::tempdir().unwrap(), day("2026-11-20"));
    let options = JournalOptions { max_bytes: 1_000, ..options(dir.path()) };
    let other = Journal::open(&options, Run(8), today, JournalMetrics::default()).unwrap();
    for sequence in 0..3 {
        let room = other.claim("shop", &[]).unwrap();
        other.append(room, today, MessageNumber { run: Run(8), sequence }, "shop", &[]).await.unwrap();
    }
    let journal = Journal::open(&options, RUN, today, JournalMetrics::default()).unwrap();
    let mut written = 0;
    while let (true, Ok(room)) = (written < 100, journal.claim("shop", &[])) {
        journal.append(room, today, number(written), "shop", &[]).await.unwrap();
        written += 1;
    }
    let files = fs::read_dir(dir.path().join("journal")).unwrap();
    let bytes: u64 = files.map(|file| file.unwrap().metadata().unwrap().len()).sum();
    assert!((900..=1_000).contains(&bytes), "{bytes}");
    let refused = journal.claim("shop", &[]).unwrap_err().to_string();
    assert!(refused.contains("journal.max_bytes"), "{refused}");
    assert!(journal.trouble().unwrap().contains("new messages are refused"));
    fs::remove_file(dir.path().join("journal").join(file::name(today, Run(8)))).unwrap();
    journal.tend(today).await.unwrap();
    assert!(journal.claim("shop", &[]).is_ok(), "room was made by hand");
}

#[tokio::test]
async fn a_journal_that_cannot_be_begun_refuses_messages_until_it_can() {
    let (dir, today) = (tempfile::tempdir().unwrap(), day("2026-11-20"));
    let in_the_way = dir.path().join("journal");
    fs::write(&in_the_way, "").unwrap();
    let opened = |options: &JournalOptions| Journal::open(options, RUN, today, JournalMetrics::default());
    assert!(opened(&options(dir.path())).is_err());
    let journal = Journal::open_later(&options(dir.path()), RUN, today, JournalMetrics::default()).unwrap();
    let refused = journal.claim("shop", &[]).unwrap_err();
    assert!(matches!(&refused, JournalError::File(path, _) if path.starts_with(&in_the_way)), "{refused}");
    assert!(journal.trouble().unwrap().starts_with("messages are refused: "));
    journal.tend(today).await.unwrap();
    assert!(journal.claim("shop", &[]).is_err());
    fs::remove_file(&in_the_way).unwrap();
    journal.tend(today).await.unwrap();
    append(&journal, today, 1).await;
    assert_eq!((journal.trouble(), kept(dir.path())), (None, vec![1]));
}
