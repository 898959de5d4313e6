//! All rows of a store, kept to put it back to where it was.

use tallygate::config::Config;
use tallygate_core::{Aggregate, Row};

use super::process::Process;

/// What a store held at one time.
pub struct Kept(Vec<Row>);

impl Kept {
    /// What the store of this process holds now.
    pub fn of(process: &Process) -> Self {
        let config = Config::load(&process.config).unwrap();
        let rows = runtime().block_on(async {
            let sums = tallygate::parts::read_sums(&config).unwrap();
            let mut rows = Vec::new();
            for partition in 0..config.plan.partitions {
                for day in sums.days(partition).await.unwrap() {
                    for aggregate in Aggregate::ALL {
                        rows.extend(sums.read(aggregate, day, partition, None).await.unwrap());
                    }
                }
            }
            rows
        });
        Self(rows)
    }

    pub fn rows(&self) -> &[Row] {
        &self.0
    }

    /// Writes all of it back, as a restore does.
    pub fn put_back(&self, process: &Process) {
        let config = Config::load(&process.config).unwrap();
        runtime().block_on(async { tallygate::parts::sums(&config).unwrap().upsert(&self.0).await }).unwrap();
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().unwrap()
}
