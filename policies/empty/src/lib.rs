//! A policy that reads nothing, does nothing and imports nothing: what it costs is what any policy costs.

use tallygate_policy::{About, ConfigFault, Decision, Message, Policy, Reply, export};

struct Empty;

impl Policy for Empty {
    const LOGS_PANICS: bool = false;

    fn configure(_config: &str) -> Result<Self, ConfigFault> {
        Ok(Empty)
    }

    fn about(&self, about: About) -> About {
        About { needs_body: false, may_accept: false, ..about }
    }

    fn handle(&self, _message: Message) -> Decision {
        Reply { status: 200, headers: Vec::new(), body: Vec::new(), extras: Vec::new() }.into()
    }
}

export!(Empty);
