//! How the console is set up, and what it is given.

use std::sync::Arc;

use rustls::ServerConfig;
use tallygate_core::day::Zone;
use tallygate_stream::Stream;
use tallygate_sums::Sums;

use super::password::User;
use super::token::Token;
use crate::policies::PolicyAdmin;
use crate::replays::Replayer;
use crate::status::StatusSource;

/// How the console is set up.
pub struct Options {
    /// The zone whose day is today's.
    pub zone: Zone,
    /// Certificate and key; the protocols offered are the console's own choice.
    pub tls: Arc<ServerConfig>,
    /// Who may log in.
    pub users: Vec<User>,
    /// The programs that may call.
    pub tokens: Vec<Token>,
}

/// What the console shows and administers. What this process does not have is none, and its routes say so.
#[derive(Clone, Default)]
pub struct Parts {
    /// Store and stream: the sums, the live page, the dead letters.
    pub reading: Option<(Arc<dyn Sums>, Arc<dyn Stream>)>,
    /// The policies.
    pub policies: Option<Arc<dyn PolicyAdmin>>,
    /// The way back into the queue for dead letters.
    pub replays: Option<Arc<dyn Replayer>>,
    /// How the appliance does.
    pub status: Option<Arc<dyn StatusSource>>,
}
