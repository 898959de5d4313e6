//! Session tickets (RFC 8446, 2.2; RFC 5077): who comes back shows one, and is spared the costly part of the handshake.
//!
//! A ticket holds the session that it stands for, the client's certificate too, under a key that only this listener has, in
//! memory. What is seen of a client on a full handshake is not seen again while it resumes; so a session, however often it
//! is resumed and its ticket renewed, ends [`TICKET_TIME`] after its full handshake.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use memchr::memmem;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::{NoServerSessionStorage, ProducesTickets};
use rustls::{Error, ServerConfig, ServerConnection};

use crate::limits::{TICKET_KEY_TIME, TICKET_TIME};

/// The bytes by which the beginning of a session is found within it: random, so that nothing else is taken for it.
const MARK_BYTES: usize = 16;

/// What passes, since some moment.
pub(crate) trait Clock: Send + Sync + 'static {
    fn passed(&self) -> Duration;
}

/// The tickets of a listener.
pub(crate) struct Tickets<C = Instant> {
    clock: C,
    mark: [u8; MARK_BYTES],
    keys: RwLock<Keys>,
}

/// Keys, as rustls makes tickets by them.
struct Keys {
    current: Arc<dyn ProducesTickets>,
    /// When it became that.
    since: Duration,
    previous: Option<Arc<dyn ProducesTickets>>,
}

impl Tickets {
    /// Tickets with new keys.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub(crate) fn new() -> Result<Arc<Self>, Error> {
        Self::by(Instant::now())
    }
}

impl<C: Clock> Tickets<C> {
    fn by(clock: C) -> Result<Arc<Self>, Error> {
        let mut mark = [0; MARK_BYTES];
        rustls::crypto::aws_lc_rs::default_provider().secure_random.fill(&mut mark)?;
        let keys = Keys { current: Ticketer::new()?, since: clock.passed(), previous: None };
        Ok(Arc::new(Self { clock, mark, keys: RwLock::new(keys) }))
    }

    /// Lets clients of this configuration resume by these, and in no other way.
    pub(crate) fn serve(self: &Arc<Self>, config: &mut ServerConfig) {
        config.ticketer = self.clone();
        // Of what is kept by its id nobody could say when it began.
        config.session_storage = Arc::new(NoServerSessionStorage {});
    }

    /// Puts into the tickets of a connection whose hello was read when its session began.
    pub(crate) fn date(&self, connection: &mut ServerConnection) {
        if let Some(resumed) = connection.received_resumption_data().map(<[u8]>::to_vec) {
            return connection.set_resumption_data(&resumed);
        }
        let mut began = self.mark.to_vec();
        began.extend(self.clock.passed().as_secs().to_be_bytes());
        connection.set_resumption_data(&began);
    }

    /// Whether a session may go on. One that does not say when it began may not.
    fn goes_on(&self, session: &[u8]) -> bool {
        let began = memmem::find(session, &self.mark)
            .and_then(|at| session.get(at + MARK_BYTES..)?.first_chunk())
            .map(|began| Duration::from_secs(u64::from_be_bytes(*began)));
        began.is_some_and(|began| self.clock.passed().saturating_sub(began) < TICKET_TIME)
    }

    /// The keys that are due.
    fn keys(&self) -> (Arc<dyn ProducesTickets>, Option<Arc<dyn ProducesTickets>>) {
        let now = self.clock.passed();
        {
            let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
            if now.saturating_sub(keys.since) < TICKET_KEY_TIME {
                return (keys.current.clone(), keys.previous.clone());
            }
        }
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        keys.rotate(now);
        (keys.current.clone(), keys.previous.clone())
    }
}

impl Keys {
    fn rotate(&mut self, now: Duration) {
        let age = now.saturating_sub(self.since);
        // Somebody else may have been first.
        if age < TICKET_KEY_TIME {
            return;
        }
        match Ticketer::new() {
            Ok(next) => {
                let last = std::mem::replace(&mut self.current, next);
                // Whatever an older one encrypted is over.
                self.previous = (age < TICKET_KEY_TIME + TICKET_TIME).then_some(last);
                self.since = now;
            }
            Err(error) => tracing::warn!("the keys of session tickets could not be changed: {error}"),
        }
    }
}

impl<C: Clock> ProducesTickets for Tickets<C> {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        u32::try_from(TICKET_TIME.as_secs()).unwrap_or(u32::MAX)
    }

    fn encrypt(&self, session: &[u8]) -> Option<Vec<u8>> {
        self.goes_on(session).then(|| self.keys().0.encrypt(session)).flatten()
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        let (current, previous) = self.keys();
        let session = current.decrypt(ticket).or_else(|| previous?.decrypt(ticket))?;
        self.goes_on(&session).then_some(session)
    }
}

impl Clock for Instant {
    fn passed(&self) -> Duration {
        self.elapsed()
    }
}

impl<C> fmt::Debug for Tickets<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tickets").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
