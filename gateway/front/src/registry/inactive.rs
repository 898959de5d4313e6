//! What stands where no version of a policy is in service: it refuses every message until one is.

use std::time::Duration;

use async_trait::async_trait;
use tallygate_host::{Message, Outcome, PolicyFailure, Refusal, Reply};

use crate::policy::ActivePolicy;

/// A policy without a version in service.
pub(super) struct Inactive {
    name: String,
    retry_after: Duration,
}

impl Inactive {
    pub(super) fn new(name: &str, retry_after: Duration) -> Self {
        Self { name: name.to_owned(), retry_after }
    }
}

#[async_trait]
impl ActivePolicy for Inactive {
    fn name(&self) -> &str {
        &self.name
    }

    fn version(&self) -> &str {
        ""
    }

    fn needs_body(&self) -> bool {
        false
    }

    fn needs_header(&self, _: &str) -> bool {
        false
    }

    fn sees_responses(&self) -> bool {
        false
    }

    async fn handle(&self, _: &mut Message) -> Result<Outcome, PolicyFailure> {
        Ok(Outcome::Reject(Refusal {
            status: 503,
            code: "policy-not-active".to_owned(),
            detail: "the policy that would read this message is not active: send the same again later".to_owned(),
            field: None,
            retry_after: Some(u32::try_from(self.retry_after.as_secs().max(1)).unwrap_or(u32::MAX)),
        }))
    }

    async fn fault(&self, _: &mut Message, _: &Refusal) -> Result<Option<Reply>, PolicyFailure> {
        Ok(None)
    }

    async fn respond(&self, _: &mut Message, _: &Reply) -> Result<Reply, PolicyFailure> {
        Err(PolicyFailure::Host("no version is active".to_owned()))
    }
}
