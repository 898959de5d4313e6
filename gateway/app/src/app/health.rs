//! What the administration tells of this process and of what it can reach.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tallygate_console::status::{Status, StatusSource};
use tallygate_front::journal::Journal;
use tallygate_front::{PolicyRegistry, Publishing};
use tallygate_queue::Queue;
use tallygate_reading::ledger::Reader;
use tallygate_reading::text::age;
use tallygate_stream::{Stream, Topic};
use tokio::time::timeout;

use super::dead_letters::DeadLetters;
use super::standing::Standing;

/// How this process and what it can reach do.
pub(super) struct Health {
    pub(super) roles: String,
    /// The queue, and what is parked beside it, where the process has them.
    pub(super) queues: Vec<Arc<dyn Queue>>,
    pub(super) stream: Option<Arc<dyn Stream>>,
    pub(super) sums: Option<Reader>,
    pub(super) policies: Option<Arc<PolicyRegistry>>,
    pub(super) journal: Option<Arc<Journal>>,
    /// How the gateway's messages fare, with its role.
    pub(super) publishing: Option<Publishing>,
    pub(super) dead_letters: Option<DeadLetters>,
    pub(super) standing: Standing,
}

/// How long the store may take to tell what to know; a store that is away is said to be within it.
const STORE_PATIENCE: Duration = Duration::from_secs(5);

#[async_trait]
impl StatusSource for Health {
    async fn status(&self) -> Status {
        let mut status = Status { version: env!("CARGO_PKG_VERSION").to_owned(), ..Status::default() };
        status.roles = self.roles.split(',').map(str::to_owned).collect();
        status.troubles = self.standing.troubles();
        if let Some(policies) = &self.policies {
            status.troubles.extend(policies.troubles());
        }
        status.troubles.extend(self.journal.as_ref().and_then(|journal| journal.trouble()));
        status.troubles.extend(self.publishing.as_ref().and_then(Publishing::trouble));
        for queue in &self.queues {
            match queue.depth().await {
                Ok(depth) => status.queue_depth = Some(status.queue_depth.unwrap_or(0).saturating_add(depth)),
                Err(error) => status.troubles.push(error.to_string()),
            }
        }
        if let Some(sums) = &self.sums {
            match timeout(STORE_PATIENCE, sums.warnings()).await {
                // What this process tells other readers is known here without the store.
                Ok(Ok(warnings)) => {
                    status.warnings = warnings.into_iter().filter(|told| !status.troubles.contains(told)).collect();
                }
                Ok(Err(error)) => status.troubles.push(error.to_string()),
                Err(_) => status.troubles.push(format!("sums store is away: no answer within {STORE_PATIENCE:?}")),
            }
        }
        if let Some(stream) = &self.stream {
            match stream.bounds(Topic::Transactions).await {
                Ok(bounds) => {
                    status.fold_lag = Some(bounds.iter().map(|b| b.high.saturating_sub(b.committed.max(b.low))).sum())
                }
                Err(error) => status.troubles.push(error.to_string()),
            }
        }
        if let Some(letters) = &self.dead_letters {
            status.dead_letters = letters.number();
            status.dead_letters_age = letters.age().map(age);
        }
        status
    }
}

#[cfg(test)]
mod tests {
    use tallygate_core::notice::{PartitionNotice, RoleNotice};
    use tallygate_reading::clock::now_millis;
    use tallygate_sums::{EmbeddedSums, EmbeddedSumsOptions, Notices};

    use super::*;

    fn of(roles: &str) -> Health {
        Health {
            roles: roles.into(),
            queues: Vec::new(),
            stream: None,
            sums: None,
            policies: None,
            journal: None,
            publishing: None,
            dead_letters: None,
            standing: Standing::default(),
        }
    }

    fn store(folder: &tempfile::TempDir) -> EmbeddedSums {
        EmbeddedSums::open(&EmbeddedSumsOptions::new(folder.path().join("sums.db"))).unwrap()
    }

    fn reading(store: &EmbeddedSums) -> Health {
        Health { sums: Some(Reader::new(Arc::new(store.clone()))), ..of("console") }
    }

    #[tokio::test]
    async fn why_the_queue_takes_no_messages_is_a_trouble_until_it_takes_one() {
        let publishing = Publishing::default();
        let health = Health { publishing: Some(publishing.clone()), ..of("gateway") };
        assert_eq!(health.status().await.troubles, [""; 0]);
        publishing.failed("queue: the disk is full, free some space on it");
        let troubles = health.status().await.troubles;
        assert!(troubles.len() == 1 && troubles[0].ends_with("queue: the disk is full, free some space on it"));
        publishing.succeeded();
        assert_eq!(health.status().await.troubles, [""; 0]);
    }

    #[tokio::test]
    async fn what_is_told_beside_the_sums_is_a_warning_until_it_is_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let health = reading(&store);
        let stands = PartitionNotice { partition: 2, stands: Some("its clock is ahead".into()), ..Default::default() };
        store.tell(&stands.notice(1)).await.unwrap();
        let status = health.status().await;
        assert_eq!(status.troubles, [""; 0]);
        assert_eq!(status.warnings.len(), 2, "{:?}", status.warnings);
        assert!(status.warnings[0].starts_with("nothing was ever written to this store"), "{:?}", status.warnings);
        assert_eq!(status.warnings[1], stands.warnings()[0]);
        store.tell(&PartitionNotice { partition: 2, ..Default::default() }.notice(2)).await.unwrap();
        assert_eq!(health.status().await.warnings.len(), 1);
    }

    #[tokio::test]
    async fn a_role_that_stands_is_named_once_whichever_process_it_is_of() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let health = reading(&store);
        let told = RoleNotice { role: "shipper".into(), stands: Some("the password was changed".into()) };
        store.tell(&told.notice("elsewhere", now_millis())).await.unwrap();
        let status = health.status().await;
        assert_eq!((status.troubles.len(), &status.warnings[1..]), (0, &[told.warning().unwrap()][..]));
        health.standing.stands("shipper", "the password was changed");
        let status = health.status().await;
        assert_eq!((status.warnings.len(), status.troubles), (1, vec![told.warning().unwrap()]));
    }
}
