//! A connection as its requests share it.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::activity::Activity;

/// What is known of a connection.
#[derive(Debug)]
pub(crate) struct Connection<C> {
    pub(crate) peer: SocketAddr,
    /// The service's own.
    pub(crate) own: C,
    pub(crate) activity: Arc<Activity>,
}
