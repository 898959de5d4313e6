//! The line of the log about each thing that somebody did, or was refused: who, what, to what, from where, with what result.
//!
//! What only reads has none, but where a password or a token was refused. The line is written when the answer is there; also
//! when the caller left before that. Of strangers there are a bounded number of lines, as they can make as many as they like.

use std::convert::Infallible;
use std::mem::take;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::extract::FromRequestParts;
use axum::response::Response;
use http::request::Parts;
use http::{Method, StatusCode};
use tallygate_serve::LineLimit;

use super::address::Address;
use super::caller::Caller;
use super::problem::Detail;
use crate::limits::AUDITED_CHARS;

/// One line that is to be written: when this is dropped.
pub(super) struct Audit {
    strangers: Arc<LineLimit>,
    action: Arc<str>,
    from: IpAddr,
    /// Whether there is a line even if nothing was refused.
    always: bool,
    noted: Audited,
    status: Option<StatusCode>,
    why: Option<String>,
}

/// What is noted for the line while a request is being answered. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Audited(Arc<Mutex<Noted>>);

/// What happened to what.
#[derive(Clone, Debug, Default)]
pub(super) struct Noted {
    /// The policy.
    pub(super) policy: Option<String>,
    /// Its version.
    pub(super) version: Option<String>,
    /// The version that was active before.
    pub(super) previous: Option<String>,
    /// Whether anything changed.
    pub(super) changed: Option<bool>,
    /// Dead letters put back.
    pub(super) replayed: Option<u64>,
    /// Dead letters left, since they lie outside the horizon.
    pub(super) outside: Option<u64>,
    /// Dead letters refused one by one.
    pub(super) refused_letters: Option<u64>,
    /// Whether nothing was to be done in truth.
    pub(super) dry_run: Option<bool>,
    by: Option<Caller>,
    tried: Option<String>,
    credential_refused: bool,
}

impl Audit {
    pub(super) fn new(strangers: &Arc<LineLimit>, action: &Arc<str>, Address(from): Address, method: &Method) -> Self {
        let (strangers, action, always) = (strangers.clone(), action.clone(), method != Method::GET);
        Self { strangers, action, from, always, noted: Audited::default(), status: None, why: None }
    }

    /// Where to note what happens.
    pub(super) fn noted(&self) -> Audited {
        self.noted.clone()
    }

    /// This is the answer.
    pub(super) fn answered(mut self, mut response: Response) -> Response {
        self.status = Some(response.status());
        self.why = response.extensions_mut().remove().map(|Detail(why)| why);
        response
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        let noted = take(&mut *self.noted.lock());
        if !self.always && !noted.credential_refused {
            return;
        }
        let mut left_out = None;
        if noted.by.is_none() {
            if !self.strangers.allows(Instant::now()) {
                return;
            }
            left_out = Some(self.strangers.take_left_out()).filter(|left_out| *left_out > 0);
        }
        let by = noted.by.as_ref();
        tracing::info!(
            target: "tallygate::audit",
            action = &*self.action,
            by = by.map(|by| &*by.name),
            role = by.map(|by| by.role.to_string()),
            credential = by.map(|by| by.credential.name()),
            tried = bounded(noted.tried.as_deref()),
            from = %self.from,
            policy = bounded(noted.policy.as_deref()),
            version = bounded(noted.version.as_deref()),
            previous = noted.previous,
            changed = noted.changed,
            replayed = noted.replayed,
            outside = noted.outside,
            refused_letters = noted.refused_letters,
            dry_run = noted.dry_run,
            result = result(self.status),
            status = self.status.map(|status| status.as_u16()),
            why = bounded(self.why.as_deref()),
            left_out,
        );
    }
}

impl Audited {
    /// Whoever does it is known.
    pub(super) fn by(&self, caller: &Caller) {
        self.lock().by = Some(caller.clone());
    }

    /// Somebody gave a password under this name, or a token, which has none; both are taken for refused until [`by`](Self::by).
    pub(super) fn tries(&self, name: Option<&str>) {
        let mut noted = self.lock();
        noted.tried = name.and_then(|name| bounded(Some(name)));
        noted.credential_refused = true;
    }

    /// The credential was right.
    pub(super) fn accepted(&self) {
        let mut noted = self.lock();
        (noted.tried, noted.credential_refused) = (None, false);
    }

    /// Notes what happened to what.
    pub(super) fn note(&self, note: impl FnOnce(&mut Noted)) {
        note(&mut self.lock());
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Sync> FromRequestParts<S> for Audited {
    type Rejection = Infallible;

    /// That of the request's line; of a request without one, one that nobody reads.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}

fn result(status: Option<StatusCode>) -> &'static str {
    match status {
        Some(status) if status.is_success() => "done",
        Some(status) if status.is_server_error() => "failed",
        Some(_) => "refused",
        None => "unanswered",
    }
}

/// As much as a line may have of a text that callers choose.
fn bounded(text: Option<&str>) -> Option<String> {
    text.map(|text| text.chars().take(AUDITED_CHARS).collect())
}
