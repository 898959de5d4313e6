//! What a policy on trial logs, plainly, on standard error.

use std::fmt::{Debug, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::out::complain;

/// What writes the lines.
struct Plain;

/// The text of one event.
#[derive(Default)]
struct Text(String);

/// Shows what policies log, with its level, and why a `fault` of theirs failed.
pub(crate) fn log_of_policies() {
    let shown = Targets::new()
        .with_target("tallygate::policy", LevelFilter::TRACE)
        .with_target("tallygate_front::consulted", LevelFilter::WARN);
    // Another subscriber is there only where a test set one.
    let _ = tracing_subscriber::registry().with(Plain.with_filter(shown)).try_init();
}

impl<S: Subscriber> Layer<S> for Plain {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        let level = match *event.metadata().level() {
            Level::ERROR => "error",
            Level::WARN => "warn",
            Level::INFO => "info",
            _ => "debug",
        };
        // The host escapes the end of a line, which only separates a panic's place from its text here.
        complain(format_args!("{level}: {}", text.0.replace("\\n", "\n    ")));
    }
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            let _ = write!(self.0, "{value:?}");
        }
    }
}
