//! What a front is built from: plain values, checked as a whole by [`Front::new`](crate::Front::new).

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use http::{Method, Uri};
use tallygate_core::day::Zone;

use crate::access::{are_strangers, authorities_of, certificates_in};
use crate::cors::CorsOptions;
use crate::invalid::{InvalidOption, Problems};
use crate::journal::JournalOptions;
use crate::limits::Limits;
use crate::partner_options::{Credential, PartnerOptions};

/// The whole of the partners' side.
#[derive(Clone, Debug)]
pub struct FrontOptions {
    /// Where callers arrive.
    pub listeners: Vec<ListenerOptions>,
    /// Who may call.
    pub partners: Vec<PartnerOptions>,
    /// What becomes of which request.
    pub routes: Vec<RouteOptions>,
    /// Where proxy routes lead.
    pub upstreams: Vec<UpstreamOptions>,
    /// Where the business day of a transaction is found that brings none.
    pub zone: Zone,
    /// How many days late a transaction may come; one day more is let through here, as the log's clock decides.
    pub horizon_days: u32,
    /// How many days ahead a transaction's day may lie; one more is let through here.
    pub future_days: u32,
    /// Where the journal of acknowledged messages is kept; made when missing.
    pub journal: PathBuf,
    /// What callers may use.
    pub limits: Limits,
    /// Replies without waiting for the queue: a fault, for a test that must notice it.
    #[cfg(feature = "faults")]
    pub reply_before_confirm: bool,
}

impl FrontOptions {
    /// The certificates of partners that nobody can show: no listener asks for any, or none that does takes those of their
    /// authority.
    #[must_use]
    pub fn never_shown(&self) -> Vec<InvalidOption> {
        let mut problems = Problems::default();
        let (is_asked, asked) =
            (self.listeners.iter().any(ListenerOptions::asks_for_certificates), authorities_of(&self.listeners));
        for (index, partner) in self.partners.iter().enumerate() {
            for (place, credential) in partner.credentials.iter().enumerate() {
                let key = format!("partners[{index}].{}", partner.key_of(place));
                match credential {
                    Credential::ApiKey(_) => {}
                    _ if !is_asked => {
                        let problem = "is never shown, as no listener asks for certificates; a \"client_ca\" in the tls of one, \
                                       and client_auth \"required\" or \"optional\", would be right";
                        problems.note(key, problem);
                    }
                    Credential::SubjectCn { ca: Some(ca), .. } if are_strangers(&certificates_in(ca), &asked) => {
                        let problem = "is not among the authorities of any listener's \"client_ca\", so whoever it vouches \
                                       for is refused there; one of those, or this one in a \"client_ca\" too, would be right";
                        problems.note(format!("{key}.ca"), problem);
                    }
                    Credential::SubjectCn { .. } | Credential::Certificate(_) => {}
                }
            }
        }
        problems.into_list()
    }
}

/// One listener; its socket is handed to [`Front::serve`](crate::Front::serve).
#[derive(Clone, Debug)]
pub struct ListenerOptions {
    /// Its name, which routes use.
    pub name: String,
    /// Its TLS; without it, it speaks plain HTTP/1.1.
    pub tls: Option<TlsOptions>,
}

impl ListenerOptions {
    /// Whether callers may show a certificate here.
    pub(crate) fn asks_for_certificates(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.client_auth != ClientAuth::None)
    }
}

/// TLS 1.2 and 1.3 of a listener, with HTTP/2 and HTTP/1.1 by ALPN.
#[derive(Clone)]
pub struct TlsOptions {
    /// The gateway's certificate and those above it, PEM.
    pub certificate: Vec<u8>,
    /// Its private key, PEM.
    pub key: Vec<u8>,
    /// The authorities that may vouch for callers, PEM; needed unless `client_auth` is none.
    pub client_ca: Option<Vec<u8>>,
    /// Whether callers show a certificate.
    pub client_auth: ClientAuth,
}

/// Whether callers show a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientAuth {
    /// They must, or the handshake fails.
    Required,
    /// They may.
    Optional,
    /// They are not asked.
    #[default]
    None,
}

/// What becomes of requests under a path.
#[derive(Clone, Debug, Default)]
pub struct RouteOptions {
    /// Its name, in logs, metrics and messages.
    pub name: String,
    /// The listeners it is on; none: all.
    pub listeners: Vec<String>,
    /// The host it is for; none: any.
    pub host: Option<String>,
    /// The path it is for, with all below it; the longest such path wins.
    pub path: String,
    /// The methods it takes; none: all.
    pub methods: Vec<Method>,
    /// Who may call.
    pub callers: Callers,
    /// Who callers without credentials are here; without it, the rule about callers says what becomes of them.
    pub partner: Option<String>,
    /// Which pages of other origins may call; none: a browser that asks is refused, or answered by the server behind.
    pub cors: Option<CorsOptions>,
    /// The policies in order, each `name` or `name@version`.
    pub policies: Vec<String>,
    /// Where the request goes behind the policies.
    pub upstream: Option<String>,
    /// Its own bounds in place of [`Limits`].
    pub limits: RouteLimits,
}

/// The bounds of a route; none: those of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RouteLimits {
    /// In place of [`Limits::body_bytes`], but for responses.
    pub body_bytes: Option<usize>,
    /// In place of [`Limits::body_time`].
    pub body_time: Option<Duration>,
}

/// Who may call a route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Callers {
    /// Every partner. Who shows no credential of one gets 401.
    #[default]
    Partners,
    /// These partners, and those in these groups. Others get 403.
    Named(Vec<String>),
    /// Partners by their names and everyone else unnamed, whatever credentials they show.
    Anyone,
}

/// Where a proxy route leads.
#[derive(Clone, Debug)]
pub struct UpstreamOptions {
    /// Its name, which routes use.
    pub name: String,
    /// Its servers, asked in turn: `http://host:port` or `https://host:port`.
    pub targets: Vec<Uri>,
    /// The authorities that may vouch for https targets, PEM; none: the system's.
    pub ca: Option<Vec<u8>>,
    /// How long it may be silent before and within its response; none: [`Limits::response_time`].
    pub response_time: Option<Duration>,
}

impl FrontOptions {
    /// The journal, as who writes it needs it.
    #[must_use]
    pub fn journal_options(&self) -> JournalOptions {
        JournalOptions {
            dir: self.journal.clone(),
            keep_days: self.limits.journal_days,
            max_bytes: self.limits.journal_bytes,
            answer_within: self.limits.journal_time,
        }
    }
}

impl fmt::Debug for TlsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsOptions").field("client_auth", &self.client_auth).finish_non_exhaustive()
    }
}
