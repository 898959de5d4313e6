//! What is said of a queue that nobody can take from.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use tallygate_core::Work;
use tallygate_queue::Queue;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::real_time::in_real_time;
use super::{batch, line, options};
use crate::watch_backlog;

const SOON: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn a_queue_that_refuses_the_shipper_is_told_as_its_trouble_until_a_consumer_is_open_again() {
    let line = line(1, 0, 0);
    line.queue.refuses.store(true, SeqCst);
    line.publish((0..10).map(|n| batch(n, 1))).await;
    let (work, mut said) = watch::channel(Work::Goes);
    let shipper = line.shipper(options(100)).saying(work).run(line.stop.clone());
    let refused = "nothing can be taken from the queue: queue cannot be used: ACCESS_REFUSED";
    let looking = async {
        sleep(SOON).await;
        assert_eq!(line.told.troubles(), [format!("a shipper: {refused}")]);
        assert_eq!(*said.borrow_and_update(), Work::Waits(refused.to_owned()));
        assert!(line.told.was_told_of_late(), "a reader must not take it for dead");
        line.queue.refuses.store(false, SeqCst);
        line.empty().await;
        sleep(SOON).await;
        assert_eq!(line.told.troubles(), [""; 0]);
        assert_eq!(*said.borrow_and_update(), Work::Goes);
    };
    tokio::select! { () = shipper => panic!("ended"), () = looking => {} }
    assert!(line.metrics.queue_errors.get() > 0);
}

#[tokio::test(start_paused = true)]
async fn a_shipper_that_ships_nothing_says_that_it_does_not_work() {
    let line = line(1, 0, 0);
    line.publish((0..10).map(|n| batch(n, 40))).await;
    line.stream.down.store(true, SeqCst);
    let (work, mut said) = watch::channel(Work::Goes);
    let shipper = line.shipper(options(100)).saying(work).run(line.stop.clone());
    let waits = |work: &Work| matches!(work, Work::Waits(why) if why.contains("the log takes nothing"));
    let looking = async {
        timeout(SOON * 20, said.wait_for(waits)).await.unwrap().unwrap();
        line.stream.down.store(false, SeqCst);
        timeout(SOON * 20, said.wait_for(|work| *work == Work::Goes)).await.unwrap().unwrap();
    };
    tokio::select! { () = shipper => panic!("ended"), () = looking => {} }
}

#[tokio::test(start_paused = true)]
async fn what_waits_in_the_queue_is_measured_while_no_shipper_works() {
    let line = line(1, 0, 0);
    line.publish((0..7).map(|n| batch(n, 1))).await;
    for n in 7..10 {
        in_real_time(line.place.inner.publish(batch(n, 1))).await.unwrap();
    }
    let watching = watch_backlog(line.queues(), line.metrics.clone());
    let looking = async {
        while line.metrics.backlog.get() != 10 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! { () = watching => panic!("ended"), looked = timeout(SOON, looking) => looked.unwrap() }
}
