//! One request and its response, as the service sees what is around them.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body::Body;

use crate::activity::{Activity, InProgress};
use crate::connection::Connection;
use crate::heads::Doubt;
use crate::streamed::Streamed;
use crate::whole::Whole;

/// A request in progress on a connection.
#[derive(Debug)]
pub struct Exchange<C> {
    connection: Arc<Connection<C>>,
    doubt: Option<Doubt>,
    _in_progress: InProgress,
}

/// Tells, once a request or its response ended before its end, who ended it.
#[derive(Clone, Debug)]
pub struct CutOff(Arc<Activity>);

impl CutOff {
    /// Whether it was the server, for a time that was over. Else it was the caller, or its network.
    #[must_use]
    pub fn by_server(&self) -> bool {
        self.0.is_cut_off()
    }
}

impl<C> Exchange<C> {
    pub(crate) fn begin(connection: &Arc<Connection<C>>) -> Self {
        let doubt = connection.activity.doubt();
        Self { connection: connection.clone(), doubt, _in_progress: connection.activity.begin() }
    }

    /// Whether all of a request of HTTP/1.1 has come.
    pub(crate) fn has_whole_request(&self) -> bool {
        self.connection.activity.has_whole_request()
    }

    /// What is left of it when it is done.
    pub(crate) fn into_connection(self) -> Arc<Connection<C>> {
        self.connection
    }

    /// Why it is not certain where this request ends, if it is not. The service must refuse it then, without looking at what
    /// it asks for.
    #[must_use]
    pub fn doubt(&self) -> Option<Doubt> {
        self.doubt
    }

    /// What the service keeps of the connection.
    #[must_use]
    pub fn connection(&self) -> &C {
        &self.connection.own
    }

    /// Who is at the other end of the connection.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.connection.peer
    }

    /// Who to ask when this request or its response ends before its end.
    #[must_use]
    pub fn cut_off(&self) -> CutOff {
        CutOff(self.connection.activity.clone())
    }

    /// A body that is there as a whole. The request counts as in progress until the last of it was sent, and what is `kept`
    /// with it is kept as long; its reader may stall for as long as the limits say.
    #[must_use]
    pub fn whole<K: Send + 'static>(&self, bytes: Bytes, kept: K) -> Whole {
        Whole::new(bytes, kept, self.connection.activity.in_progress())
    }

    /// A body that comes piece by piece, such as an upstream's or one of events. The request counts as in progress until it
    /// is dropped, and its reader may stall for as long as the limits say.
    #[must_use]
    pub fn stream<B: Body + Unpin>(&self, body: B) -> Streamed<B> {
        Streamed::new(body, self.connection.activity.in_progress())
    }
}
