//! Decides who calls: somebody logged in, a program with a token, or a name with its password.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cookie::Cookie;
use http::HeaderMap;
use http::header::{self, AUTHORIZATION};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::caller::Caller;
use super::password::{Passwords, User};
use super::problem::Problem;
use super::session::{self, COOKIE, Sessions};
use super::throttle::Throttle;
use super::token::{self, Token};
use crate::limits::{BASIC_REMEMBERED, SESSIONS};
use crate::metrics::Metrics;

/// Decides who calls.
pub(super) struct Access {
    tokens: Vec<Token>,
    pub(super) passwords: Passwords,
    pub(super) sessions: Sessions,
    pub(super) throttle: Throttle,
    /// Passwords sent with requests that were checked a moment ago, by a hash under a key of this process.
    checked: Mutex<HashMap<[u8; 32], (String, Instant)>>,
    key: [u8; 32],
    metrics: Metrics,
}

impl Access {
    pub(super) fn new(users: Vec<User>, tokens: Vec<Token>, metrics: Metrics) -> Self {
        Self {
            tokens,
            passwords: Passwords::new(users),
            sessions: Sessions::default(),
            throttle: Throttle::default(),
            checked: Mutex::default(),
            key: rand::random(),
            metrics,
        }
    }

    /// Who calls.
    pub(super) async fn caller(&self, headers: &HeaderMap, peer: IpAddr) -> Result<Caller, Problem> {
        if let Some(authorization) = headers.get(AUTHORIZATION) {
            let text = authorization.to_str().map_err(|_| unreadable())?;
            let (scheme, rest) = text.split_once(' ').ok_or_else(unreadable)?;
            return match scheme.to_ascii_lowercase().as_str() {
                "bearer" => self.token(rest.trim(), peer),
                "basic" => self.basic(rest.trim(), peer).await,
                _ => Err(unreadable()),
            };
        }
        self.session(headers).ok_or_else(|| Problem::unauthorized("log in, or send a token as Authorization: Bearer"))
    }

    /// Whose session the cookie names.
    pub(super) fn session(&self, headers: &HeaderMap) -> Option<Caller> {
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let cookie = lines.flat_map(Cookie::split_parse).flatten().find(|cookie| cookie.name() == COOKIE)?;
        let id = session::id(cookie.value());
        let user = self.sessions.find(&id, Instant::now())?;
        Some(Caller::Session { user, id })
    }

    /// Checks a password, slowly when there were failures.
    pub(super) async fn password(&self, name: &str, password: &str, peer: IpAddr) -> Result<(), Problem> {
        self.throttle.attempt(peer, Some(name), Instant::now()).map_err(|wait| {
            self.metrics.login("throttled");
            Problem::wait(wait)
        })?;
        if !self.passwords.check(name, password).await {
            self.metrics.login("refused");
            tracing::warn!(%peer, "a login failed");
            return Err(Problem::unauthorized("name or password is wrong"));
        }
        self.throttle.succeeded(peer, Some(name));
        self.metrics.login("accepted");
        Ok(())
    }

    fn token(&self, token: &str, peer: IpAddr) -> Result<Caller, Problem> {
        if let Some(name) = token::find(&self.tokens, token) {
            return Ok(Caller::Program(name));
        }
        self.throttle.attempt(peer, None, Instant::now()).map_err(Problem::wait)?;
        self.metrics.login("refused");
        Err(Problem::unauthorized("the token is not known here"))
    }

    async fn basic(&self, encoded: &str, peer: IpAddr) -> Result<Caller, Problem> {
        let decoded = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let decoded = decoded.ok_or_else(unreadable)?;
        let (name, password) = decoded.split_once(':').ok_or_else(unreadable)?;
        let digest: [u8; 32] = Sha256::new().chain_update(self.key).chain_update(&decoded).finalize().into();
        let now = Instant::now();
        {
            let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
            checked.retain(|_, (_, at)| now.duration_since(*at) < BASIC_REMEMBERED);
            if let Some((name, _)) = checked.get(&digest) {
                return Ok(Caller::Program(name.clone()));
            }
        }
        self.password(name, password, peer).await?;
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if checked.len() < SESSIONS {
            checked.insert(digest, (name.to_owned(), now));
        }
        Ok(Caller::Program(name.to_owned()))
    }
}

fn unreadable() -> Problem {
    Problem::unauthorized(
        "Authorization cannot be read, Bearer with a token or Basic with name:password would be right",
    )
}
