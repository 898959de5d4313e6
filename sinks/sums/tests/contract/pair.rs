//! The store in Cassandra on two nodes, where what one node knows another does not yet.

use std::time::{Duration, Instant};

use tallygate_sums::{Cassandra, CassandraOptions, Sums, SumsError};
use tallygate_test_servers::CassandraPair;
use tokio::task::JoinSet;

const ROUNDS: usize = 4;
const AGREED: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_several_processes_make_at_the_same_time_are_made_once_whichever_node_each_knows() {
    let pair = CassandraPair::start().unwrap();
    for round in 0..ROUNDS {
        let replication = [("class", "SimpleStrategy"), ("replication_factor", "2")];
        let mut opening = JoinSet::new();
        for node in pair.contact_points().into_iter().cycle().take(6) {
            let options = CassandraOptions {
                keyspace: format!("round_{round}"),
                replication: replication.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
                ..CassandraOptions::new(vec![node])
            };
            let sums = Cassandra::new(options).unwrap();
            opening.spawn(async move { once_there(&sums).await });
        }
        for found in opening.join_all().await {
            assert_eq!(found, Ok(0), "round {round}");
        }
    }
}

/// How many generations there are; nodes that are slow to agree are asked again, as every user of the store does.
async fn once_there(sums: &Cassandra) -> Result<usize, String> {
    let until = Instant::now() + AGREED;
    loop {
        match sums.generations().await {
            Ok(found) => return Ok(found.len()),
            Err(SumsError::Away(_)) if Instant::now() < until => tokio::time::sleep(Duration::from_millis(200)).await,
            Err(error) => return Err(error.to_string()),
        }
    }
}
