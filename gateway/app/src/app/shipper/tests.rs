//! What is known of a shipper that could not begin.

use std::sync::Arc;

use prometheus_client::registry::Registry;
use tallygate_queue::EmbeddedQueue;
use tokio::time::{sleep, timeout};

use super::*;
use crate::app::fakes::{Does, Servers};

const SOON: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

#[tokio::test]
async fn what_waits_in_the_queue_is_measured_before_the_servers_answer() {
    let servers = Servers::new();
    servers.stream.does(Does::Hang);
    let open = |file: &str| Arc::new(EmbeddedQueue::open(servers.path().join(file)).unwrap());
    let queues = Queues { transactions: open("queue"), parked: open("parked") };
    for queue in [&queues.transactions, &queues.transactions, &queues.parked] {
        queue.publish("a message".into()).await.unwrap();
    }
    let (mut registry, mut supervisor) = (Registry::default(), Supervisor::default());
    let metrics = ShipperMetrics::register(&mut registry);
    let (options, standing) = (ShipperOptions::default(), Standing::default());
    start(&mut supervisor, options, servers.chain(), queues, metrics, standing, SOON);
    let measured = async {
        loop {
            let mut page = String::new();
            prometheus_client::encoding::text::encode(&mut page, &registry).unwrap();
            if page.contains("shipper_backlog_messages 3") {
                return;
            }
            sleep(PAUSE).await;
        }
    };
    timeout(SOON, measured).await.unwrap();
    supervisor.stop().await;
}
