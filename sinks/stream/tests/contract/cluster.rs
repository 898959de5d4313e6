//! The stream on a cluster of three, where what one broker knows another does not yet.

use tallygate_stream::{KafkaOptions, Retention, Stream};
use tallygate_test_servers::KafkaCluster;

use crate::kafka::{named, open};

const ROUNDS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn topics_that_another_process_has_just_made_are_waited_for_whichever_broker_is_asked() {
    let cluster = KafkaCluster::start().unwrap();
    for round in 0..ROUNDS {
        let preparing: Vec<_> = cluster
            .brokers()
            .into_iter()
            .map(|broker| {
                let options = KafkaOptions { replication_factor: Some(3), ..named(broker, &format!("round-{round}")) };
                tokio::spawn(async move { open(&options).prepare(Retention { fold_days: 15, lag_days: 7 }).await })
            })
            .collect();
        for one in preparing {
            one.await.unwrap().unwrap();
        }
    }
}
