//! The times of the stores of sums, in one place.

use std::time::Duration;

/// How long one request to Cassandra may take, unless the options say else.
pub const REQUEST: Duration = Duration::from_secs(5);
/// How long connecting and preparing the schema may take, in request timeouts.
pub const CONNECT_REQUESTS: u32 = 6;
/// How often an idle connection to Cassandra is asked for a sign of life.
pub const KEEPALIVE: Duration = Duration::from_secs(5);
/// How often statements are prepared again on tables that another process just made.
pub const SCHEMA_RETRIES: usize = 20;
/// The delay before each of these retries.
pub const SCHEMA_DELAY: Duration = Duration::from_millis(200);
