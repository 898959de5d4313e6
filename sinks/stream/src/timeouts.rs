//! Every time of the stream's implementations, in one place; how long the embedded one's file may take stands with the file.

use std::time::Duration;

/// A call of the stream ends within it, one way or the other; a commit, which may have to be undone, and to wait for the group,
/// within four times it.
pub(crate) const CALL: Duration = Duration::from_secs(10);
/// How long an append is tried before it is given up.
pub(crate) const APPEND: Duration = Duration::from_secs(10);
/// After it a server that does not answer a request is taken for away.
pub(crate) const REQUEST: Duration = Duration::from_secs(5);
/// How long a follower waits for a server that is away before it reports so.
pub(crate) const FOLLOWER_AWAY: Duration = Duration::from_secs(30);
/// A partition's former owner, alive, gets so long to be told and to finish its commit.
pub(crate) const HAND_OVER: Duration = Duration::from_secs(5);

/// An owner that was not heard of for so long loses its partitions. Kafka takes nothing below 6 s by default.
pub(crate) const KAFKA_SESSION: Duration = Duration::from_secs(8);
/// How often a member says that it lives. By the answer it hears that others come or go, and what is to move stands until all
/// have heard.
pub(crate) const KAFKA_HEARTBEAT: Duration = Duration::from_millis(200);
/// Whoever stops tells the group so, at most so long.
pub(crate) const KAFKA_LEAVE: Duration = Duration::from_secs(5);
/// A killed owner's open transaction hides what it committed at most so long, and as long again until the broker looks.
pub(crate) const KAFKA_TRANSACTION: Duration = Duration::from_secs(10);
/// How long a new owner waits for a former owner's open transaction to end: both of the above, and some.
pub(crate) const KAFKA_UNSTABLE: Duration = Duration::from_secs(30);
/// How long a broker may take to tell what was committed before it is asked again, and the group heard meanwhile.
pub(crate) const KAFKA_ASK: Duration = Duration::from_millis(500);
/// Others wait so long for an owner that hears of a rebalance and does not answer; above `KAFKA_UNSTABLE`.
pub(crate) const KAFKA_POLL_INTERVAL: Duration = Duration::from_secs(60);
/// How long one poll waits for a record.
pub(crate) const KAFKA_POLL: Duration = Duration::from_millis(100);
/// How long a client that failed is listened to, for the reason.
pub(crate) const KAFKA_LISTEN: Duration = Duration::from_millis(100);
/// For so long what a client told explains what fails after it.
pub(crate) const KAFKA_TOLD: Duration = Duration::from_secs(30);
/// For so long a process is taken as refused that was not let in; clients come again each second.
pub(crate) const KAFKA_REFUSED: Duration = Duration::from_secs(8);
/// Unless a broker worked for it within this time.
pub(crate) const KAFKA_REFUSED_WORKS: Duration = Duration::from_secs(2);
/// Before something that gives no sign is asked again.
pub(crate) const KAFKA_PAUSE: Duration = Duration::from_millis(100);

/// How often the embedded log looks for what is older than its retention.
pub(crate) const PRUNE_EVERY: Duration = Duration::from_secs(60);
/// How often one who reads another process's embedded log looks for more.
pub(crate) const FOREIGN_LOG_POLL: Duration = Duration::from_millis(200);
