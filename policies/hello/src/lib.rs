//! The smallest policy: it greets whoever calls.

use tallygate_policy::{ConfigFault, Decision, Message, Policy, Reply, export};

struct Hello;

impl Policy for Hello {
    fn configure(_config: &str) -> Result<Self, ConfigFault> {
        Ok(Hello)
    }

    fn handle(&self, message: Message) -> Decision {
        Reply::text(200, format!("hello, {}\n", message.partner.unwrap_or_default())).into()
    }
}

export!(Hello);
