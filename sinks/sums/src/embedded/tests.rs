//! What the embedded store keeps when its disk hangs or its file is large.
#![allow(clippy::unwrap_used)]

use std::sync::mpsc;

use super::*;

fn fresh() -> (EmbeddedSums, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    (EmbeddedSums::open(&EmbeddedSumsOptions::new(directory.path().join("sums.db"))).unwrap(), directory)
}

#[test]
fn rule_15_each_commit_is_synced_to_the_disk() {
    let (sums, _directory) = fresh();
    assert_eq!(sums.file.database().unwrap().durability().unwrap(), Some(Durability::Synced));
}

/// With the clock paused, time passes when there is nothing but time to wait for.
#[tokio::test(start_paused = true)]
async fn a_write_ends_in_time_while_the_disk_hangs_and_what_was_handed_over_happens() {
    let (sums, directory) = fresh();
    let (release, released) = mpsc::channel::<()>();
    let database = sums.file.database().unwrap();
    let stuck = database.write(move |_| {
        let _ = released.recv();
        Ok(())
    });
    let notice = |text: &str| Notice { name: "n".to_owned(), text: text.to_owned(), at: 1 };
    let (first, second) = (notice("a"), notice("b"));
    let (_, late) = tokio::join!(stuck, sums.tell(&first));
    let path = directory.path().join("sums.db").display().to_string();
    assert!(matches!(&late, Err(SumsError::Away(why)) if why.contains(&path) && why.contains("unknown")), "{late:?}");
    tokio::time::resume();
    drop(release);
    let there = "SELECT text FROM notices";
    let text: String = database.write(move |t| t.query_row(there, [], |row| row.get(0))).await.unwrap();
    assert_eq!(text, "a");
    sums.tell(&second).await.unwrap();
}

#[test]
fn asking_for_the_days_goes_through_no_day_row_by_row() {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {DAYS}")).unwrap();
    let steps: Vec<String> =
        plan.query_map(params!["daily", 3], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
    let (searches, scans): (Vec<_>, Vec<_>) =
        steps.iter().filter(|step| step.contains("daily_sums")).partition(|step| step.starts_with("SEARCH"));
    assert_eq!((searches.len(), scans), (3, vec![]), "{steps:?}");
}
