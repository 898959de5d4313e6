//! Whether the queue takes messages at present, and why not.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// How the last message that was to be queued fared. Cloning it shares it.
#[derive(Clone, Debug, Default)]
pub struct Publishing {
    /// Why it failed, where it did.
    failed: Arc<ArcSwapOption<String>>,
    fails: Gauge,
}

impl Publishing {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let publishing = Self::default();
        let help = "1 while the queue takes no messages: it did not confirm the last one";
        registry.register("publish_fails", help, publishing.fails.clone());
        publishing
    }

    /// The queue did not confirm a message, for this reason.
    pub fn failed(&self, reason: &str) {
        self.failed.store(Some(Arc::new(reason.to_owned())));
        self.fails.set(1);
    }

    /// The queue confirmed a message.
    pub fn succeeded(&self) {
        // Looked at first, as it is all there is to do nearly always.
        if self.failed.load().is_some() {
            self.failed.store(None);
            self.fails.set(0);
        }
    }

    /// What an operator must know of it, as a sentence; until the queue takes a message again.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let failed = self.failed.load_full()?;
        Some(format!("the queue did not take the last message, and its partner got 503: {failed}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_reason_stands_until_a_message_is_taken() {
        let publishing = Publishing::default();
        publishing.succeeded();
        assert_eq!((publishing.trouble(), publishing.fails.get()), (None, 0));
        publishing.failed("the disk hangs");
        publishing.failed("the disk is full");
        assert!(publishing.trouble().unwrap().ends_with(": the disk is full"));
        assert_eq!(publishing.fails.get(), 1);
        publishing.succeeded();
        assert_eq!((publishing.trouble(), publishing.fails.get()), (None, 0));
    }
}
