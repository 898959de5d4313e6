//! What every embedded store relies on, beyond what SQLite itself promises.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, v BLOB) STRICT";
/// Set for the copy of this test binary that is killed.
const CHILD: &str = "TALLYGATE_TEST_COMMITS_INTO";

fn insert(n: i64) -> impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()> + Send + 'static {
    move |t| {
        t.prepare_cached("INSERT INTO t (n, v) VALUES (?1, zeroblob(500))")?.execute([n])?;
        Ok(())
    }
}

fn count(database: &Database) -> i64 {
    database.read_blocking(|c| c.query_row("SELECT count(*) FROM t", [], |r| r.get(0))).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_share_commits_and_read_what_they_wrote() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new/one.db");
    let database = Database::open(&path, SCHEMA, Durability::Synced).unwrap();
    let writers: Vec<_> = (0..500)
        .map(|n| {
            let database = database.clone();
            tokio::spawn(async move { database.write(insert(n)).await })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    let seen: i64 = database.read(|c| c.query_row("SELECT count(*) FROM t", [], |r| r.get(0))).await.unwrap();
    assert_eq!(seen, 500);
    drop(database);
    assert!(!path.with_extension("db-wal").exists(), "not closed cleanly");
    let again = Database::open(&path, SCHEMA, Durability::Synced).unwrap();
    assert_eq!(count(&again), 500);
}

#[tokio::test]
async fn a_write_that_fails_or_panics_is_undone_alone() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(directory.path().join("d"), SCHEMA, Durability::Cached).unwrap();
    let half = |n: i64| {
        move |t: &Transaction<'_>| {
            insert(n)(t)?;
            t.execute("INSERT INTO nowhere VALUES (1)", []).map(|_| ())
        }
    };
    let panics = |t: &Transaction<'_>| -> rusqlite::Result<()> {
        insert(3)(t)?;
        panic!("on purpose")
    };
    let (one, two, three, four) = tokio::join!(
        database.write(insert(1)),
        database.write(half(2)),
        database.write(panics),
        database.write(insert(4)),
    );
    one.unwrap();
    four.unwrap();
    assert!(matches!(three, Err(DatabaseError::Panicked(_))));
    let message = two.unwrap_err().to_string();
    assert!(message.contains("/d: ") && message.contains("nowhere"), "{message}");
    assert_eq!(count(&database), 2);
}

#[test]
fn blocking_writers_need_no_runtime_and_the_last_handle_may_die_on_the_committing_thread() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("d");
    let database = Database::open(&path, SCHEMA, Durability::Cached).unwrap();
    let own = database.clone();
    database.write_blocking(insert(1)).unwrap();
    assert_eq!(
        database
            .write_blocking(move |t| {
                drop(own);
                t.query_row("SELECT count(*) FROM t", [], |r| r.get::<_, i64>(0))
            })
            .unwrap(),
        1
    );
}

#[test]
fn a_reader_beside_the_owner_sees_its_commits_and_cannot_write() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("d");
    assert!(matches!(Database::open_read_only(&path), Err(DatabaseError::Missing(_))));
    let owner = Database::open(&path, SCHEMA, Durability::Cached).unwrap();
    let reader = Database::open_read_only(&path).unwrap();
    owner.write_blocking(insert(1)).unwrap();
    assert_eq!(count(&reader), 1);
    assert!(matches!(reader.write_blocking(insert(2)), Err(DatabaseError::ReadOnly(_))));
    assert!(reader.read_blocking(|c| c.execute("DELETE FROM t", [])).is_err());
    drop(owner);
    assert_eq!(count(&Database::open_read_only(&path).unwrap()), 1);
}

#[test]
fn says_what_is_wrong_with_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("d");
    std::fs::write(&path, "no database, but long enough to be taken for one ".repeat(100)).unwrap();
    let Err(error) = Database::open(&path, SCHEMA, Durability::Synced) else { panic!("opened") };
    assert!(matches!(&error, DatabaseError::Damaged(..)), "{error}");
    assert!(error.to_string().contains("/d: the file is damaged"), "{error}");
}

#[test]
fn a_full_disk_fails_the_writes_it_hits_and_no_later_ones() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(directory.path().join("d"), SCHEMA, Durability::Cached).unwrap();
    let limit = |pages: i64| {
        database.write_blocking(move |t| t.pragma_update(None, "max_page_count", pages)).unwrap();
    };
    limit(10);
    let failed: Vec<_> = (0..200).filter_map(|n| database.write_blocking(insert(n)).err()).collect();
    assert!(!failed.is_empty());
    assert!(failed.iter().all(|e| matches!(e, DatabaseError::Full(_)) && e.is_retryable()), "{failed:?}");
    limit(1_000_000);
    database.write_blocking(insert(1000)).unwrap();
    assert_eq!(count(&database), 200 - failed.len() as i64 + 1);
}

/// Not a test by itself: commits until it is killed, telling each number that was acknowledged.
#[test]
fn child_that_commits_until_it_is_killed() {
    let Some(path) = std::env::var_os(CHILD) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build().unwrap();
    let database = Database::open(path, SCHEMA, Durability::Synced).unwrap();
    // A killed process leaves what it wrote to the system, synced or not; only this tells of a power cut.
    assert_eq!(database.durability().unwrap(), Some(Durability::Synced));
    let start = count(&database) * 1000;
    runtime.block_on(async {
        let writers: Vec<_> = (0..16)
            .map(|w| {
                let database = database.clone();
                tokio::spawn(async move {
                    for n in 0.. {
                        let n = start + n * 16 + w;
                        database.write(insert(n)).await.unwrap();
                        let line = format!("acknowledged {n}\n");
                        std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
    });
}

#[test]
fn rule_2_a_synced_database_reports_that_each_commit_is_synced_and_a_cached_one_that_it_is_not() {
    let directory = tempfile::tempdir().unwrap();
    for durability in [Durability::Synced, Durability::Cached] {
        let database = Database::open(directory.path().join("d"), SCHEMA, durability).unwrap();
        assert_eq!(database.durability().unwrap(), Some(durability));
    }
}

#[test]
fn rule_2_what_was_acknowledged_survives_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("d");
    let mut acknowledged = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "--test-threads=1"])
            .arg("database::tests::child_that_commits_until_it_is_killed")
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for (read, line) in lines.map_while(Result::ok).enumerate() {
            // The harness's own words may stand before the first one on its line.
            if let Some((_, n)) = line.rsplit_once("acknowledged ") {
                acknowledged.insert(n.parse::<i64>().unwrap());
            }
            if read == 300 {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
    }
    assert!(acknowledged.len() >= 800, "{}", acknowledged.len());
    let database = Database::open(&path, SCHEMA, Durability::Synced).unwrap();
    assert_eq!(database.durability().unwrap(), Some(Durability::Synced));
    let stored: std::collections::BTreeSet<i64> =
        database.read_blocking(|c| c.prepare("SELECT n FROM t")?.query_map([], |r| r.get(0))?.collect()).unwrap();
    assert!(acknowledged.is_subset(&stored));
}

#[test]
fn what_is_written_into_a_file_that_lost_its_name_is_not_confirmed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("d.db");
    let database = Database::open(&path, SCHEMA, Durability::Synced).unwrap();
    database.write_blocking(insert(1)).unwrap();
    for (n, name) in (2..).zip(["d.db", "d.db-wal"]) {
        let (file, aside) = (directory.path().join(name), directory.path().join("aside"));
        fs::rename(&file, &aside).unwrap();
        let gone = database.write_blocking(insert(n)).unwrap_err();
        assert!(matches!(&gone, DatabaseError::Gone(named) if *named == path) && gone.is_retryable(), "{gone}");
        fs::write(&file, "another").unwrap();
        assert!(matches!(database.write_blocking(insert(n + 10)), Err(DatabaseError::Gone(_))));
        fs::rename(&aside, &file).unwrap();
        database.write_blocking(insert(n + 20)).unwrap();
    }
    drop(database);
    // Of what failed, nothing was put into the file that was aside.
    assert_eq!(count(&Database::open(&path, SCHEMA, Durability::Synced).unwrap()), 3);
}

/// Keeps the committing thread busy until what is returned is dropped.
async fn stuck(database: &Database) -> std::sync::mpsc::Sender<()> {
    let (release, released) = std::sync::mpsc::channel();
    let (began, begun) = tokio::sync::oneshot::channel();
    let own = database.clone();
    tokio::spawn(async move {
        let stuck = move |_: &Transaction<'_>| {
            let _ = began.send(());
            let _ = released.recv();
            Ok(())
        };
        own.write(stuck).await
    });
    begun.await.unwrap();
    release
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_with_a_transaction_of_its_own_is_undone_alone_too() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(directory.path().join("d"), SCHEMA, Durability::Cached).unwrap();
    let release = stuck(&database).await;
    let fails = |t: &Transaction<'_>| {
        insert(3)(t)?;
        t.execute("INSERT INTO nowhere VALUES (1)", []).map(|_| ())
    };
    let writes = async {
        tokio::join!(
            biased;
            database.write(insert(1)),
            database.write(insert(2)),
            database.submit(Write::new(fails).alone()),
            database.submit(Write::new(insert(4)).alone()),
            database.write(insert(5)),
        )
    };
    let (outcomes, ()) = tokio::join!(biased; writes, async { drop(release) });
    assert!(outcomes.2.unwrap_err().to_string().contains("nowhere"));
    for outcome in [outcomes.0, outcomes.1, outcomes.3, outcomes.4] {
        outcome.unwrap();
    }
    let there: Vec<i64> = database
        .read_blocking(|c| c.prepare("SELECT n FROM t ORDER BY n")?.query_map([], |row| row.get(0))?.collect())
        .unwrap();
    assert_eq!(there, [1, 2, 4, 5]);
}

/// Polls it once.
async fn is_ready(future: impl Future) -> bool {
    tokio::select! {
        biased;
        _ = future => true,
        () = std::future::ready(()) => false,
    }
}

/// With the clock paused, time passes when there is nothing but time to wait for.
#[tokio::test(start_paused = true)]
async fn who_waits_for_a_thread_that_is_stuck_is_told_so_in_time_and_what_was_handed_over_happens() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("d");
    let database = Database::open(&path, SCHEMA, Durability::Cached).unwrap();
    let release = stuck(&database).await;
    let (settled, mut told) = tokio::sync::mpsc::unbounded_channel();
    let large = Write::new(insert(1)).of_bytes(limits::WAITING_BYTES).then(move |outcome| {
        settled.send(outcome.is_ok()).unwrap();
    });
    // Two wait for the room that the stuck one has a little of; the third finds none either.
    let (large, small) = tokio::join!(database.submit(large), database.write(insert(2)));
    for late in [large, small] {
        let late = late.unwrap_err();
        assert!(matches!(&late, DatabaseError::Late(named, _) if *named == path) && late.is_retryable(), "{late}");
    }
    let blocking = database.committer().unwrap();
    let late = blocking.write_blocking(Write::new(insert(3)), Duration::from_millis(20)).unwrap_err();
    assert!(matches!(late, DatabaseError::Late(..)), "{late}");
    // Given up before it was handed over, it never happens; 3 was handed over.
    assert_eq!(told.recv().await, None);
    tokio::time::resume();
    drop(release);
    database.write(insert(4)).await.unwrap();
    let there: Vec<i64> = database
        .read(|c| c.prepare("SELECT n FROM t ORDER BY n")?.query_map([], |r| r.get(0))?.collect())
        .await
        .unwrap();
    assert_eq!(there, [3, 4]);
}

#[tokio::test]
async fn a_write_whose_caller_left_is_settled_all_the_same_and_holds_its_room_until_then() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(directory.path().join("d"), SCHEMA, Durability::Cached).unwrap();
    let release = stuck(&database).await;
    let (settled, mut told) = tokio::sync::mpsc::unbounded_channel();
    let most = limits::WAITING_BYTES - limits::WRITE_LEAST_BYTES;
    let left = Write::new(insert(1)).of_bytes(most).then(move |outcome| settled.send(outcome.is_ok()).unwrap());
    assert!(!is_ready(database.submit(left)).await);
    let waits = database.write(insert(2));
    tokio::pin!(waits);
    assert!(!is_ready(&mut waits).await);
    assert_eq!(database.committer().unwrap().free(), 0, "its bytes are still held");
    drop(release);
    waits.await.unwrap();
    assert_eq!(told.recv().await, Some(true));
    assert_eq!(count(&database), 2);
}

#[tokio::test]
async fn a_read_ends_with_its_caller_and_its_connection_serves_others() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(directory.path().join("d"), SCHEMA, Durability::Cached).unwrap();
    let endless = |c: &Connection| {
        let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
        c.query_row(numbers, [], |row| row.get::<_, i64>(0))
    };
    // More than there are connections, and none of them returns by itself.
    for _ in 0..=limits::READERS {
        let read = tokio::time::timeout(Duration::from_millis(50), database.read(endless)).await;
        assert!(read.is_err());
    }
    assert_eq!(database.read(|c| c.query_row("SELECT count(*) FROM t", [], |r| r.get::<_, i64>(0))).await.unwrap(), 0);
}

#[test]
fn readers_that_always_overlap_do_not_let_the_log_grow_for_ever() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("d");
    let database = Database::open(&path, SCHEMA, Durability::Cached).unwrap();
    let is_over = std::sync::atomic::AtomicBool::new(false);
    let most = std::thread::scope(|scope| {
        for begins in [0, 10] {
            let (database, is_over) = (&database, &is_over);
            scope.spawn(move || {
                std::thread::sleep(Duration::from_millis(begins));
                while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                    let read = |c: &Connection| {
                        let _one_state = c.unchecked_transaction()?;
                        c.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0))?;
                        std::thread::sleep(Duration::from_millis(20));
                        Ok(())
                    };
                    database.read_blocking(read).unwrap();
                }
            });
        }
        let mut most = 0;
        for n in 0..300 {
            database
                .write_blocking(move |t| {
                    t.prepare_cached("INSERT OR REPLACE INTO t (n, v) VALUES (?1, zeroblob(1000000))")?.execute([n % 7])
                })
                .unwrap();
            most = most.max(fs::metadata(path.with_file_name("d-wal")).unwrap().len());
        }
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        most
    });
    assert!(most < u64::from(limits::LOG_BYTES) * 3 / 2, "{most}");
}
