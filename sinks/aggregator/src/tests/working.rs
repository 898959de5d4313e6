//! What the role says of itself.

use std::time::Duration;

use tallygate_core::{PartitionBy, Work};
use tokio::time::timeout;

use super::world::{Running, Sent, World};

const SOON: Duration = Duration::from_secs(60);

async fn says(running: &mut Running, expected: impl Fn(&Work) -> bool) {
    timeout(SOON, running.work.wait_for(expected)).await.unwrap().unwrap();
}

fn waits_for(text: &str) -> impl Fn(&Work) -> bool {
    move |work| matches!(work, Work::Waits(why) if why.contains(text))
}

#[tokio::test(start_paused = true)]
async fn an_aggregator_that_cannot_join_those_who_share_the_log_says_that_it_does_not_work_and_why() {
    let world = World::new(PartitionBy::Key, 5, 2, Duration::from_millis(5));
    world.log.state().shut = true;
    let mut running = world.start();
    says(&mut running, waits_for("it has not joined")).await;
    says(&mut running, waits_for("authentication failed")).await;
    world.log.state().shut = false;
    says(&mut running, |work| *work == Work::Goes).await;
    world.append(Sent::of(0, 1));
    world.settle().await;
    running.stop().await;
}
