//! The store in a SQLite file.

use tallygate_core::Aggregate;
use tallygate_sums::{EmbeddedSums, EmbeddedSumsOptions, Sums, SumsError};

use crate::suite::{day, keeps_the_contract, row};

#[tokio::test]
async fn the_embedded_store_keeps_the_contract() {
    let directory = tempfile::tempdir().unwrap();
    let options = EmbeddedSumsOptions::new(directory.path().join("sums.db"));
    keeps_the_contract(&EmbeddedSums::open(&options).unwrap()).await;
}

#[tokio::test]
async fn another_reader_sees_what_the_owner_wrote_and_cannot_write() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sums.db");
    assert!(matches!(EmbeddedSums::open_read_only(&path), Err(SumsError::Refused(_))));
    let owner = EmbeddedSums::open(&EmbeddedSumsOptions::new(&path)).unwrap();
    let reader = EmbeddedSums::open_read_only(&path).unwrap();
    let rows = [row("a", "1.00", 1, 1)];
    owner.upsert(&rows).await.unwrap();
    let found = reader.read(Aggregate::Daily, day("2026-11-22"), 3, None).await;
    assert_eq!(found.unwrap(), rows);
    assert!(matches!(reader.upsert(&rows).await, Err(SumsError::Refused(_))));
}

#[tokio::test]
async fn rule_15_rows_survive_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let options = EmbeddedSumsOptions::new(directory.path().join("sums.db"));
    let rows = [row("a", "1.00", 1, 1)];
    EmbeddedSums::open(&options).unwrap().upsert(&rows).await.unwrap();
    let sums = EmbeddedSums::open(&options).unwrap();
    let found = sums.read(Aggregate::Daily, day("2026-11-22"), 3, None).await;
    assert_eq!(found.unwrap(), rows);
}

#[tokio::test]
async fn a_file_that_is_removed_or_replaced_while_it_is_used_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sums.db");
    let sums = EmbeddedSums::open(&EmbeddedSumsOptions::new(&path)).unwrap();
    let rows = async || sums.read(Aggregate::Daily, day("2026-11-22"), 3, None).await.unwrap();
    sums.upsert(&[row("a", "1.00", 1, 1)]).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(rows().await, []);
    sums.upsert(&[row("b", "2.00", 1, 2)]).await.unwrap();
    assert_eq!(rows().await, [row("b", "2.00", 1, 2)]);

    let other = directory.path().join("other.db");
    EmbeddedSums::open(&EmbeddedSumsOptions::new(&other)).unwrap().upsert(&[row("c", "3.00", 1, 3)]).await.unwrap();
    std::fs::rename(&other, &path).unwrap();
    assert_eq!(rows().await, [row("c", "3.00", 1, 3)]);
}
