//! Every time of the aggregator, in one place.

use std::time::Duration;

/// How much of its latest writes a store that was away may have lost. Rows of that time are folded again by whoever takes
/// a partition over, and written again by whoever kept it. Cassandra by default syncs its commit log every 10 s.
pub const STORE_TAIL: Duration = Duration::from_secs(120);
/// How finely the tail is known.
pub const TAIL_STEP: Duration = Duration::from_secs(1);
/// How often the store is asked for a sign of life.
pub const PROBE_EVERY: Duration = Duration::from_secs(1);
/// How often the log's ends are asked for, to show the lag.
pub const LAG_EVERY: Duration = Duration::from_secs(5);
/// First and longest delay before something that failed is tried again.
pub const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// A membership that lasted so long was healthy: the next failure begins with short delays again.
pub const HEALTHY: Duration = Duration::from_secs(30);
/// How long what was refused as a former owner waits to hear what is its own now.
pub const FENCED_WAIT: Duration = Duration::from_secs(90);
/// How long the last flush may take when the process is asked to stop.
pub const STOP_WAIT: Duration = Duration::from_secs(10);
