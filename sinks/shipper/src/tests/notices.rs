//! What the shipper tells of what it holds.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use async_trait::async_trait;
use tallygate_core::notice::Notice;
use tallygate_sums::{Notices, SumsError};
use tokio::time::{Instant, sleep};

use super::{batch, line, options};

/// What was told, in order; slow or deaf on purpose.
#[derive(Default)]
pub(super) struct Told {
    held: Mutex<Vec<(String, u64)>>,
    troubles: Mutex<Vec<String>>,
    last: Mutex<Option<Instant>>,
    refuses: AtomicBool,
    hangs: AtomicBool,
}

#[async_trait]
impl Notices for Told {
    async fn tell(&self, notice: &Notice) -> Result<(), SumsError> {
        if self.hangs.load(SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.refuses.load(SeqCst) {
            return Err(SumsError::Away("bad luck".into()));
        }
        let told = notice.shipper().unwrap();
        *self.troubles.lock().unwrap() = told.warnings();
        *self.last.lock().unwrap() = Some(Instant::now());
        self.held.lock().unwrap().push((notice.name.clone(), told.held));
        Ok(())
    }

    async fn notices(&self) -> Result<Vec<Notice>, SumsError> {
        Err(SumsError::Refused("not here".into()))
    }
}

impl Told {
    /// What it was last told to be wrong.
    pub(super) fn troubles(&self) -> Vec<String> {
        self.troubles.lock().unwrap().clone()
    }

    /// Whether anything was told in the last seconds.
    pub(super) fn was_told_of_late(&self) -> bool {
        self.last.lock().unwrap().is_some_and(|last| last.elapsed() < Duration::from_secs(5))
    }

    fn figures(&self) -> Vec<u64> {
        self.held.lock().unwrap().iter().map(|(_, held)| *held).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn rule_13_what_is_held_is_told_while_it_is_held_and_no_longer() {
    let line = line(1, 0, 0);
    line.publish((0..10).map(|n| batch(n, 1))).await;
    line.stream.down.store(true, SeqCst);
    let shipper = line.shipper(options(100)).run(line.stop.clone());
    tokio::pin!(shipper);
    tokio::select! { () = &mut shipper => panic!("ended"), () = sleep(Duration::from_secs(20)) => {} }
    let told = line.told.figures();
    assert_eq!(told.iter().max(), Some(&10), "{told:?}");
    assert!(told.len() >= 10, "a reader must not take it for dead: {told:?}");
    line.stream.down.store(false, SeqCst);
    let empty = async {
        line.empty().await;
        sleep(Duration::from_secs(5)).await;
    };
    tokio::select! { () = &mut shipper => panic!("ended"), () = empty => {} }
    let told = line.told.figures();
    assert_eq!(told.iter().rev().take_while(|held| **held == 0).count(), 1, "nothing held is said once: {told:?}");
    let names: std::collections::BTreeSet<_> =
        line.told.held.lock().unwrap().iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[tokio::test(start_paused = true)]
async fn rule_13_a_shipper_that_is_told_to_stop_says_last_that_it_holds_nothing() {
    let line = line(1, 0, 0);
    line.publish((0..10).map(|n| batch(n, 1))).await;
    line.stream.down.store(true, SeqCst);
    let stop = line.stop.clone();
    let end = async {
        sleep(Duration::from_secs(5)).await;
        stop.cancel();
    };
    tokio::join!(line.shipper(options(100)).run(line.stop.clone()), end);
    let told = line.told.figures();
    assert_eq!((told.first(), told.last()), (Some(&10), Some(&0)), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_what_cannot_be_told() {
    for hangs in [false, true] {
        let line = line(1, 0, 0);
        line.told.refuses.store(true, SeqCst);
        line.told.hangs.store(hangs, SeqCst);
        let values = line.publish((0..1_000).map(|n| batch(n, 1))).await;
        let stop = line.stop.clone();
        let end = async {
            line.empty().await;
            stop.cancel();
        };
        tokio::join!(line.shipper(options(100)).run(line.stop.clone()), end);
        assert_eq!((line.missing(&values), line.told.figures().len()), (0, 0));
    }
}
