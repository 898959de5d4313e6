//! Every reason for which a request is refused, and what each is in HTTP: the one place where errors become statuses.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode, Version};
use serde::Serialize;
use tallygate_core::Violation;
use tallygate_host::{PolicyFailure, Refusal};
use tallygate_serve::Doubt;

use crate::journal::JournalFull;

/// Why a request is refused.
#[derive(Debug)]
pub(crate) enum Problem {
    /// A request without exactly one host.
    Host,
    /// The host is none, or no host alone, or two fields name two.
    HostNotValid,
    /// It is not certain where the request ends.
    Framing(Doubt),
    /// Another protocol is asked for, by `Upgrade` or `CONNECT`, and this is what it is.
    NotSpoken(&'static str),
    /// A path that could be read in two ways.
    Path,
    NoRoute,
    /// With the methods that are allowed, as `Allow` has them.
    Method(String),
    /// The route is there, on another listener.
    Misdirected,
    NoCredential,
    UnknownKey,
    UnknownCertificate,
    /// The partner is known, and the route is for others.
    NotAmongCallers {
        partner: Arc<str>,
        route: String,
    },
    /// A browser asks whether a page of another origin may call this route, which has no rule about that.
    CrossOrigin(String),
    /// The same, and the route's rule does not have the page's origin.
    Origin(String),
    /// One credential is one partner's, another one another's.
    TwoPartners,
    /// It cannot be told which credential is meant.
    CredentialAmbiguous,
    /// How many more servers may pass the request on does not read.
    MaxForwards,
    /// As many requests are in flight as may be, or they need all the memory there is; how long to wait.
    Busy(Duration),
    /// The caller has its share of places or memory, and what is left is for others; how long to wait.
    ShareTaken(Duration),
    /// The gateway took too long over it; how long to wait.
    Late(Duration),
    /// With the limit, in bytes.
    BodyTooLarge(usize),
    BodyTooSlow,
    /// A policy reads the body, and it is coded as this `Content-Encoding` says.
    BodyEncoded(String),
    BodyBroken(String),
    /// A transaction of the policy's breaks a rule.
    Violation(Violation),
    /// The transactions together are more than a queue message takes.
    MessageTooLarge(String),
    /// The policy refused it.
    Rejected(Refusal),
    /// The policy failed: its name, and how.
    Policy(String, PolicyFailure),
    /// A message is more than fits in its policy's memory: the policy's name, and its limit in bytes.
    TooLargeForPolicy(String, usize),
    /// An upstream's response is.
    ResponseTooLargeForPolicy(String, usize),
    /// Too many messages wait for policies that take long over them: the name of this one's, and how long to wait.
    PolicyBusy(String, Duration),
    /// The queue has not confirmed; the detail is for the log, the time for the caller.
    Queue(String, Duration),
    /// The journal could not be written, so the acknowledgement may not leave.
    Journal(String, Duration),
    /// The journal has no room for the message's line, so it was not queued.
    JournalFull(JournalFull, Duration),
    /// No target of the upstream answered.
    UpstreamAway(String),
    /// No target took the body in time.
    UpstreamUnread,
    UpstreamSlow,
    /// A response that a policy wants to see whole has more bytes than this.
    ResponseTooLarge(usize),
    /// The gateway's own fault.
    Internal(String),
}

/// RFC 9457, with what else helps a caller.
#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: String,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    request: &'a str,
}

impl Problem {
    /// What the caller is told, as a policy's `fault` is told it too.
    pub(crate) fn refusal(&self) -> Refusal {
        let plain = |status, code: &str, detail: &str| Refusal {
            status,
            code: code.to_owned(),
            detail: detail.to_owned(),
            field: None,
            retry_after: None,
        };
        let later = |mut refusal: Refusal, wait: &Duration| {
            refusal.retry_after = Some(u32::try_from(wait.as_secs().max(1)).unwrap_or(u32::MAX));
            refusal
        };
        match self {
            Self::Host => plain(400, "host-missing", "the request must name one host"),
            Self::HostNotValid => plain(
                400,
                "host-not-valid",
                "the host must be one name or address, with a port or without, such as invoices.example.com:8443",
            ),
            Self::Framing(Doubt::Coding) => {
                plain(501, "coding-not-known", "the one transfer coding here is chunked, once and alone")
            }
            Self::Framing(Doubt::TwoLengths) => {
                plain(400, "length-ambiguous", "a request has a content-length or a transfer-encoding, and not both")
            }
            Self::Framing(Doubt::Unfollowed) => {
                plain(400, "length-ambiguous", "it cannot be told where this request begins and ends")
            }
            Self::NotSpoken(what) => {
                plain(501, "protocol-not-spoken", &format!("{what} cannot be had here, plain requests of HTTP can"))
            }
            Self::Path => plain(
                400,
                "path-ambiguous",
                "the path can be read in several ways: it must be without dot segments and backslashes, and no encoded \
                 character may stand where it decides who takes the request",
            ),
            Self::NoRoute => plain(404, "no-route", "nothing is served under this path"),
            Self::Method(allow) => plain(405, "method-not-allowed", &format!("the methods here are: {allow}")),
            Self::Misdirected => plain(421, "misdirected-request", "this path is served on another address"),
            Self::NoCredential => plain(
                401,
                "no-credential",
                "a client certificate or an API key (x-api-key, or authorization: Bearer) is needed",
            ),
            Self::UnknownKey => plain(401, "unknown-key", "the API key is no partner's"),
            Self::UnknownCertificate => plain(401, "unknown-certificate", "the client certificate is no partner's"),
            Self::NotAmongCallers { partner, route } => plain(
                403,
                "caller-not-allowed",
                &format!("partner {partner:?} is not among the callers of route {route:?}"),
            ),
            Self::CrossOrigin(route) => plain(
                403,
                "cross-origin-refused",
                &format!("route {route:?} is not for pages of other origins: it has no \"cors\""),
            ),
            Self::Origin(route) => plain(
                403,
                "cross-origin-refused",
                &format!("route {route:?} is not for pages of this origin: its \"cors\" does not have it"),
            ),
            Self::TwoPartners => {
                plain(403, "two-partners", "the API keys and the client certificate are not all one partner's")
            }
            Self::CredentialAmbiguous => plain(
                400,
                "credential-ambiguous",
                "a request has one authorization field at most, and an API key stands alone in its field",
            ),
            Self::MaxForwards => Refusal {
                field: Some("max-forwards".to_owned()),
                ..plain(400, "max-forwards-not-valid", "max-forwards must be one number, such as 10")
            },
            Self::Busy(wait) => later(plain(503, "busy", "as many requests as can be served are being served"), wait),
            Self::ShareTaken(wait) => later(
                plain(503, "share-taken", "as much of this caller's is being served as can be beside that of others"),
                wait,
            ),
            Self::Late(wait) => later(
                plain(
                    503,
                    "request-late",
                    "there is too much to do for the request to be worked through in time; it was not stored",
                ),
                wait,
            ),
            Self::BodyTooLarge(limit) => {
                plain(413, "body-too-large", &format!("the body must have at most {limit} bytes"))
            }
            Self::BodyEncoded(coding) => plain(
                415,
                "body-encoded",
                &format!("the body must be sent as it is, without the Content-Encoding {coding:?}"),
            ),
            Self::BodyTooSlow => plain(408, "body-too-slow", "the body did not arrive in time"),
            Self::BodyBroken(_) => plain(400, "body-broken", "the body did not arrive whole"),
            Self::Violation(violation) => Refusal {
                field: Some(violation.field.clone()),
                ..plain(422, "transaction-not-valid", &violation.problem)
            },
            Self::MessageTooLarge(problem) => plain(413, "message-too-large", problem),
            Self::Rejected(refusal) => refusal.clone(),
            Self::Policy(_, failure) => policy(failure, &plain),
            Self::TooLargeForPolicy(_, limit) => plain(
                413,
                "policy-memory",
                &format!(
                    "the policy needs more memory for this message than the {} MiB it may have (limits.memory); a smaller \
                     one, such as a batch of fewer transactions, would be right",
                    limit >> 20
                ),
            ),
            Self::ResponseTooLargeForPolicy(..) => plain(
                502,
                "policy-memory",
                "the server behind answered with more than the policy that looks through it has memory for",
            ),
            Self::PolicyBusy(_, wait) => later(
                plain(
                    503,
                    "policy-busy",
                    "messages of this kind take long, and too many wait; this one was not stored",
                ),
                wait,
            ),
            Self::Queue(_, wait) => later(
                plain(503, "queue-away", "it is not known whether the message was stored: send the same again"),
                wait,
            ),
            Self::Journal(_, wait) => later(
                plain(503, "record-away", "it is not known whether the message was stored: send the same again"),
                wait,
            ),
            Self::JournalFull(_, wait) => {
                later(plain(503, "journal-full", "nothing more can be taken now; the message was not stored"), wait)
            }
            Self::UpstreamAway(_) => plain(502, "upstream-away", "the server behind does not answer"),
            Self::UpstreamUnread => plain(504, "upstream-unread", "the server behind did not take the body in time"),
            Self::UpstreamSlow => plain(504, "upstream-slow", "the server behind did not answer in time"),
            Self::ResponseTooLarge(limit) => plain(
                502,
                "response-too-large",
                &format!("the server behind answered with more than the {limit} bytes that can be looked through here"),
            ),
            Self::Internal(_) => plain(500, "internal", "the gateway failed; the log says how"),
        }
    }

    /// Whether it is told to a browser that only asked: then no policy has a form for it.
    pub(crate) fn is_of_preflight(&self) -> bool {
        matches!(self, Self::CrossOrigin(_) | Self::Origin(_))
    }

    /// What the operator is told beyond the refusal.
    pub(crate) fn cause(&self) -> Option<String> {
        match self {
            Self::Policy(policy, failure) => Some(format!("policy {policy}: {failure}")),
            Self::TooLargeForPolicy(policy, limit) | Self::ResponseTooLargeForPolicy(policy, limit) => {
                Some(format!("policy {policy}: {}", PolicyFailure::OutOfMemory(*limit)))
            }
            Self::PolicyBusy(policy, _) => Some(format!("policy {policy}: {}", PolicyFailure::Busy)),
            Self::JournalFull(full, _) => Some(full.to_string()),
            Self::BodyBroken(detail)
            | Self::Queue(detail, _)
            | Self::Journal(detail, _)
            | Self::UpstreamAway(detail)
            | Self::Internal(detail) => Some(detail.clone()),
            _ => None,
        }
    }

    /// Whether what comes behind the request may be meant for somebody else, so that nothing of it may be read.
    fn ends_the_connection(&self) -> bool {
        matches!(self, Self::Host | Self::HostNotValid | Self::Framing(_) | Self::NotSpoken(_))
    }

    /// The header that belongs to the status, whoever writes the body.
    fn header(&self) -> Option<(http::HeaderName, HeaderValue)> {
        match self {
            Self::Method(allow) => Some((ALLOW, HeaderValue::from_str(allow).ok()?)),
            // RFC 9110, 12.5.3: what would be taken.
            Self::BodyEncoded(_) => Some((ACCEPT_ENCODING, HeaderValue::from_static("identity"))),
            Self::NoCredential | Self::UnknownKey | Self::UnknownCertificate => {
                Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
            }
            _ => None,
        }
    }

    /// Adds what the status asks for to a reply, where the reply does not bring it.
    pub(crate) fn complete<B>(&self, refusal: &Refusal, version: Version, response: &mut Response<B>) {
        let headers = response.headers_mut();
        if self.ends_the_connection() && version <= Version::HTTP_11 {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some((name, value)) = self.header() {
            headers.entry(name).or_insert(value);
        }
        if let Some(seconds) = refusal.retry_after {
            headers.entry(RETRY_AFTER).or_insert(seconds.into());
        }
    }
}

/// A refusal as a problem document.
pub(crate) fn document(refusal: &Refusal, request: &str) -> Response<Bytes> {
    let document = Document {
        r#type: format!("urn:tallygate:problem:{}", refusal.code),
        title: refusal.code.replace('-', " "),
        status: refusal.status,
        detail: &refusal.detail,
        field: refusal.field.as_deref(),
        request,
    };
    let body = serde_json::to_vec(&document).unwrap_or_default();
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn policy(failure: &PolicyFailure, plain: &dyn Fn(u16, &str, &str) -> Refusal) -> Refusal {
    let (status, detail) = match failure {
        PolicyFailure::Timeout(_) => (504, "the policy took too long over this message"),
        PolicyFailure::OutOfMemory(_) => (500, "the policy ran out of memory over this message"),
        PolicyFailure::BadOutcome(_) => (500, "the policy returned what cannot be carried out"),
        PolicyFailure::Trap(_) | PolicyFailure::Busy | PolicyFailure::Host(_) => {
            (500, "the policy failed over this message")
        }
    };
    plain(status, failure.code(), detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_a_problem_document_that_names_the_field() {
        let problem =
            Problem::Violation(Violation { field: "transactions/0/amount".into(), problem: "must be a number".into() });
        let response = document(&problem.refusal(), "id-1");
        assert_eq!(response.status(), 422);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        assert_eq!(
            std::str::from_utf8(response.body()).unwrap(),
            r#"{"type":"urn:tallygate:problem:transaction-not-valid","title":"transaction not valid","status":422,"detail":"must be a number","field":"transactions/0/amount","request":"id-1"}"#
        );
    }

    #[test]
    fn a_callers_reply_says_nothing_of_what_failed_within() {
        let problem = Problem::Queue("amqp://inside:5672 refused".into(), Duration::from_millis(200));
        let refusal = problem.refusal();
        assert!(!refusal.detail.contains("inside"));
        assert_eq!(refusal.retry_after, Some(1));
        assert!(problem.cause().unwrap().contains("inside"));
    }

    #[test]
    fn what_the_status_asks_for_is_added_to_a_policys_own_reply() {
        let mut response = Response::new(Bytes::new());
        let problem = Problem::Busy(Duration::from_secs(5));
        problem.complete(&problem.refusal(), Version::HTTP_11, &mut response);
        assert_eq!(response.headers()[RETRY_AFTER], "5");
        let problem = Problem::Method("GET, POST".into());
        problem.complete(&problem.refusal(), Version::HTTP_11, &mut response);
        assert_eq!(response.headers()[ALLOW], "GET, POST");
    }
}
