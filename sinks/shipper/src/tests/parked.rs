//! More messages than are held that the stream refuses: they are parked, and the others go on.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use bytes::Bytes;
use tallygate_queue::Queue;
use tokio::time::{Instant, sleep};

use super::{Line, batch, line, message, options};
use crate::limits::{HELD_UP_MESSAGES, PARKED_A_TURN, REFUSED_MESSAGES};
use crate::timeouts::{BACKLOG, PARK_AGAIN, REFUSED_AGAIN};
use crate::watch_backlog;

const LONG: Duration = Duration::from_secs(1_000);

/// A message of one transaction that is refused.
fn poison(sequence: u64) -> Bytes {
    message(sequence, &[(&format!("poison-{sequence}"), "k")])
}

impl Line {
    async fn parked(&self) -> u64 {
        self.place.inner.depth().await.unwrap()
    }

    /// Runs a shipper until this came true, looked at now and then.
    async fn ships_until(&self, what: &str, is_true: impl AsyncFn() -> bool) {
        let (stop, shipper) = (self.stop.child_token(), self.shipper(options(1_024)));
        let begun = Instant::now();
        let end = async {
            while !is_true().await {
                assert!(begun.elapsed() < LONG, "{what}: {:?}", self.told.troubles());
                sleep(Duration::from_millis(500)).await;
                std::thread::sleep(Duration::from_millis(1));
            }
            self.at_the_end();
            stop.cancel();
        };
        tokio::join!(shipper.run(stop.clone()), end);
        assert_eq!(self.queue.too_early.load(SeqCst) + self.place.too_early.load(SeqCst), 0);
    }

    async fn is_through(&self) -> bool {
        self.queue.inner.depth().await.unwrap() + self.parked().await == 0
    }
}

#[tokio::test(start_paused = true)]
async fn however_many_are_refused_the_others_are_shipped_and_once_it_is_mended_each_of_them_once() {
    let line = line(1, 0, 0);
    let refused = line.publish((0..2_000).map(poison)).await;
    let good = line.publish((2_000..2_500).map(|n| batch(n, 2))).await;
    line.stream.refuse(Some("poison"));
    line.ships_until("the others are shipped", async || {
        let held = usize::try_from(line.metrics.held_up.get()).unwrap();
        assert!(held <= 2 * HELD_UP_MESSAGES + 1_024, "{held} are held");
        let (parked, waits) = (line.parked().await, line.queue.inner.depth().await.unwrap());
        let is_parked = parked >= 2_000 - REFUSED_MESSAGES as u64 && parked + waits == 2_000;
        let told = line.told.troubles().join("; ");
        let is_told = told.contains("messages are parked, because") && told.contains("too large");
        is_parked && is_told && line.missing(&good) == 0 && line.metrics.refused.get() == 2_000
    })
    .await;
    assert_eq!(line.missing(&refused), 2_000);

    line.stream.refuse(None);
    line.ships_until("all is shipped", async || line.is_through().await && line.told.troubles().is_empty()).await;
    assert_eq!((line.missing(&refused), line.seen().refused), (0, 0));
    assert!(line.stream.appended.lock().unwrap().values().all(|times| *times == 1));
}

#[tokio::test(start_paused = true)]
async fn each_that_is_parked_has_its_turn_though_others_are_refused_for_ever() {
    let line = line(1, 0, 0);
    let for_ever = 2 * PARKED_A_TURN as u64;
    line.publish((0..for_ever).map(poison)).await;
    let later = line.publish((0..50).map(|n| message(10_000 + n, &[(&format!("venom-{n}"), "k")]))).await;
    line.publish((for_ever..for_ever + 200).map(poison)).await;
    // Both have this in them.
    line.stream.refuse(Some("o"));
    line.ships_until("all are parked", async || line.parked().await + REFUSED_MESSAGES as u64 >= for_ever + 250).await;
    line.stream.refuse(Some("poison"));
    line.ships_until("those that are refused no more are shipped", async || line.missing(&later) == 0).await;
}

#[tokio::test(start_paused = true)]
async fn of_a_parked_message_nothing_is_appended_again_before_its_largest_record_is_taken() {
    let line = line(1, 0, 0);
    let of_both = |n: u64| message(n, &[(&format!("s{n}"), "k"), (&format!("poison-{}", n + 1_000_000), "k")]);
    let values = line.publish((0..100).map(of_both)).await;
    line.stream.refuse(Some("poison"));
    let begun = Instant::now();
    line.ships_until("they are tried a few times", async || begun.elapsed() > 5 * REFUSED_AGAIN).await;
    assert!(line.parked().await > 0);
    assert!(line.stream.appended.lock().unwrap().values().all(|times| *times == 1));
    line.stream.refuse(None);
    line.ships_until("they are shipped", async || line.is_through().await).await;
    assert_eq!(line.missing(&values), 0);
}

#[tokio::test(start_paused = true)]
async fn where_nothing_can_be_parked_it_is_held_within_its_bounds_and_told_until_it_can() {
    let line = line(1, 0, 0);
    line.publish((0..2_000).map(poison)).await;
    let good = line.publish((2_000..2_050).map(|n| batch(n, 1))).await;
    line.stream.refuse(Some("poison"));
    line.place.refuses.store(true, SeqCst);
    let told = || line.told.troubles().join("; ");
    let begun = Instant::now();
    line.ships_until("it is full", async || {
        if begun.elapsed() < 4 * PARK_AGAIN {
            return false;
        }
        let told = told();
        assert!(told.contains("cannot be parked: queue cannot be used: ACCESS_REFUSED"), "{told}");
        assert!(told.contains("nothing more is taken"), "{told}");
        assert!(usize::try_from(line.metrics.held_up.get()).unwrap() <= 2 * HELD_UP_MESSAGES + 1_024);
        line.place.refuses.store(false, SeqCst);
        true
    })
    .await;
    line.ships_until("the others are shipped", async || line.missing(&good) == 0).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_parked_and_out_of_reach_is_told_though_nothing_is_refused_and_the_backlog_keeps_it() {
    let line = line(1, 0, 0);
    line.metrics.parked.set(7);
    line.place.refuses.store(true, SeqCst);
    let (good, told) = (line.publish([batch(0, 1)]).await, || line.told.troubles().join("; "));
    line.ships_until("it is told", async || {
        line.missing(&good) == 0 && told().contains("what is parked cannot be tried: queue cannot be used")
    })
    .await;
    tokio::time::timeout(2 * BACKLOG, watch_backlog(line.queues(), line.metrics.clone())).await.unwrap_err();
    assert_eq!((line.metrics.parked.get(), line.metrics.backlog.get()), (7, 7));
    line.place.refuses.store(false, SeqCst);
    line.ships_until("it is over", async || told().is_empty()).await;
}
