//! Decides who calls: somebody logged in, a program with a token, or a name with its password.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cookie::Cookie;
use http::header::{self, ACCEPT, AUTHORIZATION, HeaderName};
use http::{HeaderMap, HeaderValue};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::address::Address;
use super::audit::Audited;
use super::caller::{Caller, Credential};
use super::password::{Passwords, User};
use super::problem::Problem;
use super::role::Role;
use super::session::{self, COOKIE, Sessions};
use super::throttle::Throttle;
use super::token::{self, Token};
use crate::limits::{BASIC_REMEMBERED, SESSIONS};
use crate::metrics::Metrics;

/// Says that a page asks by itself, with nobody at it; the page's feed, which cannot say so, is known by what it accepts.
const UNATTENDED: HeaderName = HeaderName::from_static("tallygate-unattended");
const FEED: HeaderValue = HeaderValue::from_static("text/event-stream");

/// Decides who calls.
pub(super) struct Access {
    tokens: Vec<Token>,
    roles: HashMap<String, Role>,
    passwords: Passwords,
    pub(super) sessions: Sessions,
    throttle: Throttle,
    /// Passwords sent with requests that were checked a moment ago, by a hash under a key of this process.
    checked: Mutex<HashMap<[u8; 32], (Caller, Instant)>>,
    key: [u8; 32],
    metrics: Metrics,
}

impl Access {
    pub(super) fn new(users: Vec<User>, tokens: Vec<Token>, metrics: Metrics) -> Self {
        Self {
            tokens,
            roles: users.iter().map(|user| (user.name().to_owned(), user.role())).collect(),
            passwords: Passwords::new(users),
            sessions: Sessions::default(),
            throttle: Throttle::default(),
            checked: Mutex::default(),
            key: rand::random(),
            metrics,
        }
    }

    /// Who calls.
    pub(super) async fn caller(
        &self,
        headers: &HeaderMap,
        address: Address,
        audited: &Audited,
    ) -> Result<Caller, Problem> {
        if let Some(authorization) = headers.get(AUTHORIZATION) {
            audited.tries(None);
            let text = authorization.to_str().map_err(|_| unreadable())?;
            let (scheme, rest) = text.split_once(' ').ok_or_else(unreadable)?;
            let caller = match scheme.to_ascii_lowercase().as_str() {
                "bearer" => self.token(rest.trim(), address)?,
                "basic" => self.basic(rest.trim(), address, audited).await?,
                _ => return Err(unreadable()),
            };
            audited.accepted();
            return Ok(caller);
        }
        self.session(headers).ok_or_else(|| Problem::unauthorized("log in, or send a token as Authorization: Bearer"))
    }

    /// Whose session the cookie names. What a page asks by itself is no use of it.
    pub(super) fn session(&self, headers: &HeaderMap) -> Option<Caller> {
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let cookie = lines.flat_map(Cookie::split_parse).flatten().find(|cookie| cookie.name() == COOKIE)?;
        let id = session::id(cookie.value());
        let by_itself = headers.contains_key(UNATTENDED) || headers.get(ACCEPT) == Some(&FEED);
        let name = match by_itself {
            true => self.sessions.look(&id, Instant::now())?,
            false => self.sessions.find(&id, Instant::now())?,
        };
        self.user(name, Credential::Session(id))
    }

    /// Checks a password, slowly when there were failures.
    pub(super) async fn password(
        &self,
        name: &str,
        password: &str,
        address: Address,
        audited: &Audited,
    ) -> Result<Caller, Problem> {
        audited.tries(Some(name));
        let got_in_before = self.throttle.knows(address.0, name);
        let turn = self.passwords.turn(address.0, name, got_in_before).map_err(|busy| {
            self.metrics.login("busy");
            Problem::busy(busy.to_string())
        })?;
        self.throttle.attempt_name(address.0, name, Instant::now()).map_err(|wait| {
            self.metrics.login("throttled");
            Problem::wait(wait)
        })?;
        let right = self.passwords.check(turn, name, password).await;
        let Some(caller) = self.user(name.to_owned(), Credential::Password).filter(|_| right) else {
            self.metrics.login("refused");
            return Err(Problem::unauthorized("name or password is wrong"));
        };
        self.throttle.succeeded(address.0, name, Instant::now());
        self.metrics.login("accepted");
        audited.accepted();
        Ok(caller)
    }

    fn user(&self, name: String, credential: Credential) -> Option<Caller> {
        let role = *self.roles.get(&name)?;
        Some(Caller { name, role, credential })
    }

    fn token(&self, token: &str, address: Address) -> Result<Caller, Problem> {
        if let Some(caller) = token::find(&self.tokens, token) {
            return Ok(caller);
        }
        self.throttle.attempt_token(address.0, Instant::now()).map_err(Problem::wait)?;
        self.metrics.login("refused");
        Err(Problem::unauthorized("the token is not known here"))
    }

    async fn basic(&self, encoded: &str, address: Address, audited: &Audited) -> Result<Caller, Problem> {
        let decoded = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let decoded = decoded.ok_or_else(unreadable)?;
        let (name, password) = decoded.split_once(':').ok_or_else(unreadable)?;
        let digest: [u8; 32] = Sha256::new().chain_update(self.key).chain_update(&decoded).finalize().into();
        let now = Instant::now();
        {
            let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
            checked.retain(|_, (_, at)| now.duration_since(*at) < BASIC_REMEMBERED);
            if let Some((caller, _)) = checked.get(&digest) {
                return Ok(caller.clone());
            }
        }
        let caller = self.password(name, password, address, audited).await?;
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if checked.len() < SESSIONS {
            checked.insert(digest, (caller.clone(), now));
        }
        Ok(caller)
    }
}

fn unreadable() -> Problem {
    Problem::unauthorized(
        "Authorization cannot be read, Bearer with a token or Basic with name:password would be right",
    )
}
