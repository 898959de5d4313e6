//! What the administration tells of this process and of what it can reach.

use std::sync::Arc;

use async_trait::async_trait;
use tallygate_console::status::{Status, StatusSource};
use tallygate_front::PolicyRegistry;
use tallygate_front::journal::Journal;
use tallygate_queue::Queue;
use tallygate_reading::text::age;
use tallygate_stream::{Stream, Topic};

use super::dead_letters::DeadLetters;

/// How this process and what it can reach do.
pub(super) struct Health {
    pub(super) roles: String,
    pub(super) queue: Option<Arc<dyn Queue>>,
    pub(super) stream: Option<Arc<dyn Stream>>,
    pub(super) policies: Option<Arc<PolicyRegistry>>,
    pub(super) journal: Option<Arc<Journal>>,
    pub(super) dead_letters: Option<DeadLetters>,
}

#[async_trait]
impl StatusSource for Health {
    async fn status(&self) -> Status {
        let mut status = Status { version: env!("CARGO_PKG_VERSION").to_owned(), ..Status::default() };
        status.roles = self.roles.split(',').map(str::to_owned).collect();
        if let Some(policies) = &self.policies {
            status.troubles.extend(policies.troubles());
        }
        status.troubles.extend(self.journal.as_ref().and_then(|journal| journal.trouble()));
        if let Some(queue) = &self.queue {
            match queue.depth().await {
                Ok(depth) => status.queue_depth = Some(depth),
                Err(error) => status.troubles.push(error.to_string()),
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
