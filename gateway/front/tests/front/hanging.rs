//! A journal whose disk gives no answer: what has nothing to do with it goes on, and all of it when the disk does.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::pipe::Pipe;
use crate::site::{Site, line};

/// By then at the latest, whatever else the machine does.
const IN_TIME: Duration = Duration::from_secs(15);
/// Longer than a busy machine's disk takes for a line.
const HANGS_AFTER: Duration = Duration::from_secs(2);

fn site() -> Site {
    let mut site = Site::plain();
    site.options.limits.journal_time = HANGS_AFTER;
    site
}

fn file(journal: &Path) -> PathBuf {
    std::fs::read_dir(journal).unwrap().next().unwrap().unwrap().path()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_journals_disk_hangs_messages_are_503_in_time_and_all_else_is_served() {
    let site = site();
    let queue = site.queue.clone();
    let served = site.serve();
    let caller = served.caller();
    assert_eq!(caller.post("/accept", line("1", "1")).await.status, 202);
    let mut pipe = Pipe::in_place_of(&file(&served.journal));
    // More than the runtime has threads.
    let began = Instant::now();
    let messages = ["2", "3", "4", "5"].map(|id| caller.post("/accept", line(id, "1")));
    let others = async {
        for _ in 0..10 {
            assert_eq!(caller.post("/echo", "x").await.status, 200);
        }
    };
    let (answers, ()) = tokio::join!(futures::future::join_all(messages), others);
    for answer in answers {
        assert_eq!((answer.status, &answer.headers["retry-after"]), (503, &"5".parse().unwrap()));
        // By a name of its own, which says nothing of what stands behind.
        assert!(answer.body.contains(":record-away") && !answer.body.contains("journal"), "{}", answer.body);
    }
    assert!(began.elapsed() < IN_TIME);
    while !served.scraped().contains("front_journal_hangs 1") {
        assert!(began.elapsed() < IN_TIME, "nobody is told");
        assert_eq!(caller.post("/accept", line("6", "1")).await.status, 503);
    }
    let queued = queue.count();
    assert_eq!(caller.post("/accept", line("7", "1")).await.status, 503);
    assert_eq!(queue.count(), queued, "what cannot be journalled is not queued");
    while caller.post("/accept", line("8", "1")).await.status != 202 {
        assert!(began.elapsed() < 2 * IN_TIME, "it does not go on by itself");
        pipe.drained();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_journals_disk_hangs_the_front_ends_in_time() {
    let mut served = site().serve();
    let caller = served.caller();
    assert_eq!(caller.post("/accept", line("1", "1")).await.status, 202);
    let _pipe = Pipe::in_place_of(&file(&served.journal));
    assert_eq!(caller.post("/accept", line("2", "1")).await.status, 503);
    let began = Instant::now();
    served.ended().await;
    assert!(began.elapsed() < IN_TIME);
}
