//! What stands where no version of a policy is in service: it refuses every message until one is.

use std::time::Duration;

use async_trait::async_trait;
use tallygate_host::{
    About, Decision, Message, Outcome, PolicyFailure, Refusal, Reply, Response, ResponseOutcome, Used,
};

use crate::policy::ActivePolicy;

/// A policy without a version in service.
pub(super) struct Inactive {
    name: String,
    about: About,
    retry_after: Duration,
}

impl Inactive {
    pub(super) fn new(name: &str, retry_after: Duration) -> Self {
        Self { name: name.to_owned(), about: About::default(), retry_after }
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

    fn about(&self) -> &About {
        &self.about
    }

    async fn handle(&self, _: &Message, _: &[u8], _: Option<&mut Used>) -> Result<Decision, PolicyFailure> {
        let refusal = Refusal {
            status: 503,
            code: "policy-not-active".to_owned(),
            detail: "the policy that would read this message is not active: send the same again later".to_owned(),
            field: None,
            retry_after: Some(u32::try_from(self.retry_after.as_secs().max(1)).unwrap_or(u32::MAX)),
        };
        Ok(Decision { outcome: Outcome::Reject(refusal), context: Vec::new() })
    }

    async fn fault(&self, _: &Message, _: &[u8], _: &Refusal) -> Result<Option<Reply>, PolicyFailure> {
        Ok(None)
    }

    async fn respond(
        &self,
        _: &Message,
        _: &[u8],
        _: &Response,
        _: Option<&mut Used>,
    ) -> Result<ResponseOutcome, PolicyFailure> {
        Err(PolicyFailure::Host("no version is active".to_owned()))
    }
}
