//! While much is on its way to the log, further messages are gathered.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Line, batch, line};
use crate::ShipperOptions;
use crate::limits::GATHER_MESSAGES;
use crate::timeouts::GATHER;

impl Line {
    /// How long it takes until one more message is in the log.
    async fn ships_one_more(&self, sequence: u64) -> Duration {
        let before = self.stream.appended.lock().unwrap().len();
        self.publish([batch(sequence, 1)]).await;
        let begun = Instant::now();
        self.until_shipped(before + 1).await;
        begun.elapsed()
    }

    async fn until_shipped(&self, messages: usize) {
        while self.stream.appended.lock().unwrap().len() < messages {
            sleep(Duration::from_millis(1)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_behind_many_is_gathered_and_what_comes_behind_few_is_not() {
    let line = line(1, 0, 0);
    line.publish((0..GATHER_MESSAGES as u64).map(|n| batch(n, 1))).await;
    let shipper = line.shipper(ShipperOptions::default()).run(line.stop.clone());
    let took = async {
        line.until_shipped(GATHER_MESSAGES).await;
        (line.ships_one_more(1_000).await, line.ships_one_more(1_001).await)
    };
    let (behind_many, behind_few) = tokio::select! { () = shipper => panic!("ended"), took = took => took };
    assert!(behind_many >= GATHER / 2 && behind_many <= GATHER * 2, "{behind_many:?}");
    assert!(behind_few < GATHER / 2, "{behind_few:?}");
}
