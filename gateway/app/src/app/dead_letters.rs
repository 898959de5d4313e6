//! How many dead letters there are and for how long, looked at now and then for the metrics and the page.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tallygate_reading::clock::now_millis;
use tallygate_reading::dead_letters::{Firsts, Pile};
use tallygate_stream::Stream;

use crate::supervise::Supervisor;

/// How often they are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// What was last seen of them; none before, and while the stream is away.
#[derive(Clone, Debug, Default)]
pub(super) struct DeadLetters(Arc<Mutex<Option<Pile>>>);

impl DeadLetters {
    /// How many there are.
    pub(super) fn number(&self) -> Option<u64> {
        self.pile().map(|pile| pile.number)
    }

    /// How long the oldest has been one.
    pub(super) fn age(&self) -> Option<Duration> {
        Some(age(self.pile()?.oldest?))
    }

    fn pile(&self) -> Option<Pile> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts looking.
pub(super) fn start(
    supervisor: &mut Supervisor,
    registry: &mut Registry,
    stream: Arc<dyn Stream>,
    grace: Duration,
) -> DeadLetters {
    let (number, oldest) = (Gauge::<i64>::default(), Gauge::<i64>::default());
    registry.register("dead_letters", "Dead letters there are", number.clone());
    registry.register(
        "dead_letters_oldest_age_seconds",
        "How long the oldest dead letter has been one; 0 without any",
        oldest.clone(),
    );
    let letters = DeadLetters::default();
    let seen = letters.clone();
    supervisor.start("dead letters", grace, |stop| async move {
        let looking = async {
            let mut firsts = Firsts::default();
            loop {
                // What reads the stream for a living complains where it is away.
                let pile = firsts.look(&*stream).await.ok();
                if let Some(pile) = pile {
                    number.set(i64::try_from(pile.number).unwrap_or(i64::MAX));
                    let seconds = pile.oldest.map_or(0, |since| age(since).as_secs());
                    oldest.set(i64::try_from(seconds).unwrap_or(i64::MAX));
                }
                *seen.0.lock().unwrap_or_else(PoisonError::into_inner) = pile;
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => Ok(()),
            () = looking => Ok(()),
        }
    });
    letters
}

fn age(since: i64) -> Duration {
    Duration::from_millis(u64::try_from(now_millis().saturating_sub(since)).unwrap_or_default())
}
