//! The header fields of a proxied request and response: what belongs to the connection goes, what the upstream must know
//! of the caller comes.

use std::net::IpAddr;

use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, FORWARDED, HOST, HeaderName, HeaderValue, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, VIA,
};
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Version};

use super::forged::drop_forged;
use crate::cookies;
use crate::trace::TRACEPARENT;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// A request on its way to an upstream, but for its body.
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) target: PathAndQuery,
    pub(crate) headers: HeaderMap,
    /// By which the caller sent it.
    pub(crate) version: Version,
    pub(crate) peer: IpAddr,
    pub(crate) secure: bool,
    /// The host as the caller named it.
    pub(crate) host: String,
    pub(crate) traceparent: String,
}

/// The fields that belong to one connection rather than to the message (RFC 9110, 7.6.1).
static HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    TRANSFER_ENCODING,
    UPGRADE,
    TE,
    TRAILER,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    KEEP_ALIVE,
    PROXY_CONNECTION,
];

/// Whether a field belongs to one connection rather than to the message.
pub(crate) fn is_hop_by_hop(name: &HeaderName) -> bool {
    HOP_BY_HOP.contains(name)
}

/// What of a caller's fields policies and upstream get: none that was for this connection alone, and none that would pass
/// for the gateway's word. Policies come behind it, so what they set is nobody's to name in `Connection`.
pub(crate) fn received_headers(headers: &mut HeaderMap) {
    let length = headers.remove(CONTENT_LENGTH);
    remove_connections_own(headers);
    drop_forged(headers);
    // What is announced as too large is refused by it, whatever else is said of it.
    if let Some(length) = length {
        headers.insert(CONTENT_LENGTH, length);
    }
}

/// What an upstream gets: the caller's fields without those of its connection, and ours in place of any it forged.
pub(crate) fn request_headers(outgoing: &mut Outgoing) -> HeaderMap {
    let mut headers = std::mem::take(&mut outgoing.headers);
    remove_connections_own(&mut headers);
    cookies::join(&mut headers);
    for name in [HOST, CONTENT_LENGTH, EXPECT] {
        headers.remove(name);
    }
    let proto = if outgoing.secure { "https" } else { "http" };
    let peer = outgoing.peer.to_canonical();
    let node = match peer {
        IpAddr::V4(peer) => peer.to_string(),
        IpAddr::V6(peer) => format!("\"[{peer}]\""),
    };
    let quoted = |host: &str| host.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\'));
    let mut forwarded = format!("for={node};proto={proto}");
    if !outgoing.host.is_empty() && quoted(&outgoing.host) {
        forwarded.push_str(&format!(";host=\"{}\"", outgoing.host));
    }
    set(&mut headers, FORWARDED, &forwarded);
    set(&mut headers, FORWARDED_FOR, &peer.to_string());
    set(&mut headers, REAL_IP, &peer.to_string());
    set(&mut headers, FORWARDED_PROTO, proto);
    set(&mut headers, FORWARDED_HOST, &outgoing.host);
    set(&mut headers, TRACEPARENT, &outgoing.traceparent);
    // RFC 9110, 7.6.3. Beyond what a map can hold at all, it is left out.
    let _ = headers.try_append(VIA, HeaderValue::from_static(via(outgoing.version)));
    headers
}

/// The version that the caller spoke, and who passes it on.
fn via(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "2.0 tallygate",
        Version::HTTP_10 => "1.0 tallygate",
        _ => "1.1 tallygate",
    }
}

/// What the caller gets of an upstream's fields.
pub(crate) fn response_headers(headers: &mut HeaderMap) {
    remove_connections_own(headers);
}

fn remove_connections_own(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    match HeaderValue::from_str(value) {
        Ok(value) if !value.is_empty() => {
            headers.insert(name, value);
        }
        _ => {
            headers.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(sent: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(*name, value.parse().unwrap());
        }
        request_headers(&mut Outgoing {
            method: Method::GET,
            target: PathAndQuery::from_static("/"),
            headers,
            version: Version::HTTP_2,
            peer: "::ffff:10.0.0.7".parse().unwrap(),
            secure: true,
            host: "shop.example:8443".into(),
            traceparent: "00-1-2-01".into(),
        })
    }

    #[test]
    fn what_belongs_to_the_connection_stays_here() {
        let headers = rewritten(&[
            ("connection", "close, X-Secret"),
            ("x-secret", "1"),
            ("keep-alive", "5"),
            ("te", "trailers"),
            ("upgrade", "websocket"),
            ("transfer-encoding", "chunked"),
            ("accept", "*/*"),
        ]);
        let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "accept",
                "forwarded",
                "traceparent",
                "via",
                "x-forwarded-for",
                "x-forwarded-host",
                "x-forwarded-proto",
                "x-real-ip"
            ]
        );
    }

    #[test]
    fn a_caller_cannot_forge_where_it_comes_from() {
        let headers =
            rewritten(&[("x-forwarded-for", "1.1.1.1"), ("forwarded", "for=1.1.1.1"), ("x-real-ip", "1.1.1.1")]);
        assert_eq!(headers["x-forwarded-for"], "10.0.0.7");
        assert_eq!(headers["x-real-ip"], "10.0.0.7");
        assert_eq!(headers["forwarded"], "for=10.0.0.7;proto=https;host=\"shop.example:8443\"");
        assert_eq!(headers["x-forwarded-proto"], "https");
    }
}
