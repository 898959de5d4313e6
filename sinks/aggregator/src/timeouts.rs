//! Every time of the aggregator, in one place.

use std::time::Duration;

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
/// Before what was fenced is taken over again: until then the group may say whose it is.
pub const FENCED_PAUSE: Duration = Duration::from_millis(200);
/// For how long what is known of a partition that went is kept, should it come back.
pub const KEPT: Duration = Duration::from_secs(60);
/// How long a flush waits for the local state, which is but a cache.
pub const SAVE: Duration = Duration::from_secs(2);
/// For each record of the log that a partition has not folded yet, its next flush waits so long.
pub const PAUSE_OF_A_RECORD: Duration = Duration::from_micros(100);
/// For so long a partition's flush waits, however far the fold lies behind.
pub const PAUSE: Duration = Duration::from_secs(5);
/// And so long where each of its rows would have taken few records by then.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long a process that starts brings what it knew up to now, before it shares the log.
pub const WARM_UP: Duration = Duration::from_secs(30);
/// How long the last flush may take when the process is asked to stop.
pub const STOP_WAIT: Duration = Duration::from_secs(10);
/// How long a takeover waits for a former owner's transaction to show or vanish.
pub const SETTLE: Duration = Duration::from_secs(30);
/// Between two looks meanwhile.
pub const SETTLE_PAUSE: Duration = Duration::from_millis(200);
/// A position is written again after so long without any record: the topic of sums forgets what is old.
pub const POSITION_EVERY: Duration = Duration::from_secs(6 * 3_600);
/// A partition that stands is tried again after so long, as what it stands for may have been set right.
pub const STAND_EVERY: Duration = Duration::from_secs(60);
/// From the end of one comparison of store and topic to the beginning of the next, unless the options say else.
pub const COMPARE_EVERY: Duration = Duration::from_secs(60);
/// For how long readers are told of rows that were written again.
pub const REPAIRED_IS_NEWS: Duration = Duration::from_secs(600);
/// How often what readers are told is told again.
pub const TELL_EVERY: Duration = Duration::from_secs(60);
