//! The journal on a disk that gives no answer for a while.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Instant;

use prometheus_client::metrics::gauge::Gauge;

use super::super::progress::Progress;
use super::super::writer::Writer;
use super::*;

#[path = "../../../tests/front/pipe.rs"]
mod pipe;

use pipe::Pipe;

const SHORT: Duration = Duration::from_millis(200);
/// By then at the latest, whatever else the machine does.
const IN_TIME: Duration = Duration::from_secs(20);

/// A journal whose file hangs already.
fn hanging(dir: &Path, today: Day) -> (Journal, JournalMetrics, Pipe) {
    fs::create_dir(dir.join("journal")).unwrap();
    let pipe = Pipe::in_place_of(&path(dir, today));
    let (options, metrics) = (JournalOptions { answer_within: SHORT, ..options(dir) }, JournalMetrics::default());
    (Journal::open(&options, RUN, today, metrics.clone()).unwrap(), metrics, pipe)
}

async fn late(journal: &Journal, today: Day, sequence: u64) -> String {
    let room = journal.claim("shop", &[]).unwrap();
    let began = Instant::now();
    let refused = journal.append(room, today, number(sequence), "shop", &[]).await.unwrap_err();
    assert!(began.elapsed() < IN_TIME && matches!(refused, JournalError::Late(..)), "{refused}");
    refused.to_string()
}

async fn until(what: impl Fn() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < IN_TIME, "it did not come to that");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn rule_13_a_line_whose_file_hangs_is_refused_in_time_and_written_when_the_disk_goes_on() {
    let (dir, today) = (tempfile::tempdir().unwrap(), day("2026-11-20"));
    let (journal, metrics, mut pipe) = hanging(dir.path(), today);
    let file = path(dir.path(), today).display().to_string();
    let refused = late(&journal, today, 0).await;
    assert!(refused.contains(&file) && refused.contains("disk hangs"), "{refused}");
    until(|| journal.trouble().is_some()).await;
    let trouble = journal.trouble().unwrap();
    assert!(trouble.contains(&file) && trouble.contains("disk hangs"), "{trouble}");
    assert_eq!(metrics.hangs.get(), 1);
    // What is refused now is not queued.
    assert!(matches!(journal.claim("shop", &[]), Err(JournalError::Late(..))));
    let began = Instant::now();
    assert!(journal.tend(today).await.is_err() && began.elapsed() < IN_TIME);
    let mut text = pipe.drained();
    until(|| journal.trouble().is_none()).await;
    append(&journal, today, 1).await;
    assert_eq!(metrics.hangs.get(), 0);
    text += &pipe.drained();
    let lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    for (line, sequence) in lines.into_iter().zip(0..) {
        assert_eq!(entry::decode(line.as_bytes()).unwrap().number, number(sequence));
    }
}

#[tokio::test]
async fn a_journal_whose_file_hangs_holds_nobody_up_who_drops_it() {
    let (dir, today) = (tempfile::tempdir().unwrap(), day("2026-11-20"));
    let (journal, _, mut pipe) = hanging(dir.path(), today);
    late(&journal, today, 0).await;
    let began = Instant::now();
    drop(journal);
    assert!(began.elapsed() < IN_TIME);
    let mut text = pipe.drained();
    while !text.contains("shop") {
        assert!(began.elapsed() < IN_TIME, "it was handed over, and not written");
        tokio::time::sleep(Duration::from_millis(2)).await;
        text = pipe.drained();
    }
}

#[test]
fn opening_a_journal_whose_disk_hangs_ends_in_time() {
    let progress = Arc::new(Progress::with(Path::new("/data/journal/x").into(), Gauge::default()));
    let (release, hang) = mpsc::channel::<()>();
    let open = move || {
        let _ = hang.recv();
        Err(std::io::ErrorKind::NotFound.into())
    };
    let (writer, opened) = Writer::start(progress, SHORT, open).unwrap();
    let late = writer.wait_for(&opened).unwrap_err();
    assert!(matches!(&late, JournalError::Late(..)) && late.to_string().starts_with("/data/journal/x: "), "{late}");
    drop(release);
}
