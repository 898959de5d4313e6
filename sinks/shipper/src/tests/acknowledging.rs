//! What is acknowledged at a time, to a queue that asks for few.

use super::*;
use crate::timeouts::STRIDE;

/// What the queue of a line of an even seed asks for.
const FEW: usize = 3;
const MESSAGES: u64 = 40;

#[tokio::test(start_paused = true)]
async fn a_queue_is_told_of_as_many_at_a_time_as_it_asks_for() {
    for (seed, least, most) in [(1, FEW + 1, usize::MAX), (2, FEW, FEW)] {
        let line = line(seed, 0, 0);
        let values = line.publish((0..MESSAGES).map(|n| batch(n, 1))).await;
        let shipper = line.shipper(ShipperOptions::default()).run(line.stop.clone());
        tokio::select! { () = shipper => panic!("ended"), () = line.empty() => {} }
        assert_eq!(line.missing(&values), 0);
        let found = line.queue.most_acknowledged.load(SeqCst);
        assert!((least..=most).contains(&found), "{found}");
    }
}

#[tokio::test]
async fn a_shipper_that_stops_has_acknowledged_all_that_it_shipped() {
    let line = line(2, 0, 0);
    let values = line.publish((0..MESSAGES).map(|n| batch(n, 1))).await;
    let shipper = line.shipper(ShipperOptions::default()).run(line.stop.clone());
    let appended = async {
        while line.missing(&values) > 0 {
            sleep(STRIDE / 10).await;
        }
        line.stop.cancel();
    };
    tokio::join!(shipper, appended);
    assert!(line.queue.most_acknowledged.load(SeqCst) > FEW, "some waited for their turn");
    assert_eq!(line.queue.inner.depth().await.unwrap(), 0);
}
