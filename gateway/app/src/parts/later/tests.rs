//! What a file that does not open says, and that it is tried again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;

use tallygate_queue::{EmbeddedQueue, Queue, QueueError};

use super::*;

const OFTEN: Duration = Duration::from_millis(20);
const OFTEN_TRIED: Times = Times { try_every: OFTEN, patience: Duration::from_secs(2) };
const LONG: Duration = Duration::from_secs(30);

fn queue(path: &Path) -> Later<EmbeddedQueue, QueueError> {
    let file = path.to_owned();
    Later::open_in(OFTEN_TRIED, path, QueueError::Away, move || EmbeddedQueue::open(&file)).unwrap()
}

async fn until_it_takes(queue: &Later<EmbeddedQueue, QueueError>) {
    let takes = async {
        while queue.publish("message".into()).await.is_err() {
            tokio::time::sleep(OFTEN).await;
        }
    };
    timeout(LONG, takes).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_damaged_is_named_and_opened_once_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue");
    std::fs::write(&path, "no queue".repeat(1_000)).unwrap();
    let queue = queue(&path);
    let why = queue.publish("message".into()).await.unwrap_err().to_string();
    assert!(why.contains("queue") && why.contains("damaged"), "{why}");
    assert!(queue.consume(1).await.is_err() && queue.depth().await.is_err());
    let whole = folder.path().join("whole");
    drop(EmbeddedQueue::open(&whole).unwrap());
    std::fs::remove_file(&path).unwrap();
    std::fs::rename(&whole, &path).unwrap();
    until_it_takes(&queue).await;
    assert_eq!(queue.depth().await.unwrap(), 1);
}

#[tokio::test]
async fn a_file_that_was_taken_away_is_not_made_anew_before_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue");
    std::fs::write(&path, "no queue".repeat(1_000)).unwrap();
    let queue = queue(&path);
    assert!(queue.depth().await.is_err());
    std::fs::remove_file(&path).unwrap();
    let told = async {
        while !queue.depth().await.unwrap_err().to_string().contains("no longer there") {
            tokio::time::sleep(OFTEN).await;
        }
    };
    timeout(LONG, told).await.unwrap();
    assert!(!path.exists());
    until_it_takes(&self::queue(&path)).await;
}

#[tokio::test]
async fn nobody_waits_for_long_for_a_disk_that_hangs() {
    let (goes_on, hangs) = mpsc::channel::<()>();
    let tries = Arc::new(AtomicUsize::new(0));
    let tried = tries.clone();
    let open = move || {
        tried.fetch_add(1, SeqCst);
        hangs.recv().unwrap();
        Ok(7)
    };
    let later: Later<u32, QueueError> =
        Later::open_in(OFTEN_TRIED, Path::new("/there/queue"), QueueError::Away, open).unwrap();
    let why = later.there().await.unwrap_err().to_string();
    assert!(why.contains("/there/queue") && why.contains("hangs"), "{why}");
    goes_on.send(()).unwrap();
    assert_eq!((timeout(LONG, later.there()).await.unwrap().unwrap(), tries.load(SeqCst)), (7, 1));
}
