//! Sessions of people: random, bounded in number and time, kept by the hash of what the cookie holds.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::limits::{SESSION_IDLE, SESSION_LIFE, SESSIONS};

/// The cookie. The prefix makes browsers insist on Secure, on this host alone, and on the whole path.
pub(super) const COOKIE: &str = "__Host-tallygate";

/// What a session is known by here; the cookie itself is not kept.
pub(super) type SessionId = [u8; 32];

/// All sessions.
#[derive(Default)]
pub(super) struct Sessions {
    open: Mutex<HashMap<SessionId, Session>>,
}

struct Session {
    user: String,
    born: Instant,
    used: Instant,
}

impl Sessions {
    /// Opens a session and returns what its cookie holds; the longest unused one makes room.
    pub(super) fn open(&self, user: &str, now: Instant) -> String {
        let secret: [u8; 32] = rand::random();
        let mut open = self.lock();
        open.retain(|_, session| session.lives(now));
        if open.len() >= SESSIONS
            && let Some(oldest) = open.iter().min_by_key(|(_, session)| session.used).map(|(id, _)| *id)
        {
            open.remove(&oldest);
        }
        let session = Session { user: user.to_owned(), born: now, used: now };
        let cookie = URL_SAFE_NO_PAD.encode(secret);
        open.insert(id(&cookie), session);
        cookie
    }

    /// Whose session this is, while it lasts; it counts as used.
    pub(super) fn find(&self, id: &SessionId, now: Instant) -> Option<String> {
        let user = self.look(id, now)?;
        if let Some(session) = self.lock().get_mut(id) {
            session.used = now;
        }
        Some(user)
    }

    /// Whose session this is, while it lasts; that somebody looked is no use of it.
    pub(super) fn look(&self, id: &SessionId, now: Instant) -> Option<String> {
        let mut open = self.lock();
        let session = open.get(id)?;
        if !session.lives(now) {
            open.remove(id);
            return None;
        }
        Some(session.user.clone())
    }

    /// Ends a session.
    pub(super) fn close(&self, id: &SessionId) {
        self.lock().remove(id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the session of this cookie is known by.
pub(super) fn id(cookie: &str) -> SessionId {
    Sha256::digest(cookie).into()
}

impl Session {
    fn lives(&self, now: Instant) -> bool {
        now.duration_since(self.used) < SESSION_IDLE && now.duration_since(self.born) < SESSION_LIFE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_session_ends_when_it_is_idle_too_long() {
        let (sessions, start) = (Sessions::default(), Instant::now());
        let id = id(&sessions.open("ana", start));
        let nearly = start + SESSION_IDLE - Duration::from_secs(1);
        assert_eq!(sessions.find(&id, nearly).as_deref(), Some("ana"));
        assert_eq!(sessions.find(&id, nearly + SESSION_IDLE), None);
    }

    #[test]
    fn a_session_that_is_only_looked_at_ends() {
        let (sessions, start) = (Sessions::default(), Instant::now());
        let id = id(&sessions.open("ana", start));
        assert!(sessions.look(&id, start + SESSION_IDLE / 2).is_some());
        assert_eq!(sessions.look(&id, start + SESSION_IDLE), None);
    }

    #[test]
    fn a_session_ends_for_good_however_busy_it_is() {
        let (sessions, start) = (Sessions::default(), Instant::now());
        let id = id(&sessions.open("ana", start));
        let mut now = start;
        while now.duration_since(start) + SESSION_IDLE / 2 < SESSION_LIFE {
            now += SESSION_IDLE / 2;
            assert!(sessions.find(&id, now).is_some());
        }
        assert_eq!(sessions.find(&id, start + SESSION_LIFE), None);
    }

    #[test]
    fn the_longest_unused_session_makes_room() {
        let (sessions, start) = (Sessions::default(), Instant::now());
        let first = id(&sessions.open("first", start));
        let second = id(&sessions.open("second", start + Duration::from_secs(1)));
        let later = start + Duration::from_secs(2);
        sessions.find(&first, later);
        for _ in 0..SESSIONS - 1 {
            sessions.open("others", later);
        }
        assert!(sessions.find(&second, later).is_none());
        assert!(sessions.find(&first, later).is_some());
    }

    #[test]
    fn a_session_that_was_closed_is_gone() {
        let (sessions, start) = (Sessions::default(), Instant::now());
        let id = id(&sessions.open("ana", start));
        sessions.close(&id);
        assert_eq!(sessions.find(&id, start), None);
    }
}
