//! A request's head, as routes, policies and upstreams need it.

use std::borrow::Cow;

use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Uri, Version, header};
use tallygate_host::Header;
use tallygate_serve::Doubt;

use crate::host::Host;
use crate::problem::Problem;

/// Whom the request is for: its target's authority, else the one Host field (RFC 9112, 3.2 and 3.3; RFC 9113, 8.3.1). The
/// field is put into the one form of it, so that whoever sees it sees what was compared.
pub(crate) fn host(parts: &mut Parts) -> Result<Host, Problem> {
    let mut all = parts.headers.get_all(header::HOST).iter();
    let field = all.next();
    if all.next().is_some() {
        return Err(Problem::Host);
    }
    let read = |text: &str| Host::read(text).ok_or(Problem::HostNotValid);
    let named = field.map(|field| read(field.to_str().unwrap_or_default())).transpose()?;
    let authority = parts.uri.authority().map(|authority| read(authority.as_str())).transpose()?;
    let host = match (authority, named) {
        (Some(authority), Some(named)) if parts.version == Version::HTTP_2 && authority.name() != named.name() => {
            return Err(Problem::HostNotValid);
        }
        (_, None) if parts.version == Version::HTTP_11 => return Err(Problem::Host),
        (Some(host), _) | (None, Some(host)) => host,
        (None, None) if parts.version == Version::HTTP_2 => return Err(Problem::Host),
        (None, None) => Host::default(),
    };
    if let Some(field) = parts.headers.get_mut(header::HOST)
        && field != host.text()
    {
        *field = HeaderValue::from_str(host.text()).map_err(|_| Problem::HostNotValid)?;
    }
    Ok(host)
}

/// Refuses what may not end where it seems to, and what asks for another protocol than HTTP's requests and responses. An
/// upgrade to HTTP/2 may be passed over, and clients that offer it with each request expect as much (RFC 9110, 7.8); who
/// asks for anything else has no use for what would come instead.
pub(crate) fn is_a_request(doubt: Option<Doubt>, parts: &Parts) -> Result<(), Problem> {
    if let Some(doubt) = doubt {
        return Err(Problem::Framing(doubt));
    }
    if parts.method == Method::CONNECT {
        return Err(Problem::NotSpoken("a tunnel (CONNECT)"));
    }
    if parts.version != Version::HTTP_11 || !parts.headers.contains_key(header::UPGRADE) {
        return Ok(());
    }
    let listed = |name| {
        let values = parts.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).map(str::trim).filter(|item| !item.is_empty())
    };
    let asked = listed(header::CONNECTION).any(|option| option.eq_ignore_ascii_case("upgrade"));
    let mut protocols = listed(header::UPGRADE).filter(|protocol| !protocol.eq_ignore_ascii_case("h2c"));
    match protocols.next() {
        Some(protocol) if asked && protocol.eq_ignore_ascii_case("websocket") => {
            Err(Problem::NotSpoken("a WebSocket (upgrade)"))
        }
        Some(_) if asked => Err(Problem::NotSpoken("another protocol (upgrade)")),
        _ => Ok(()),
    }
}

/// Puts the path in the place of the one that was sent, if it is another; the query stays as it is.
pub(crate) fn settle_path(uri: &Uri, path: Cow<'_, str>) -> Result<Option<Uri>, Problem> {
    let Cow::Owned(mut target) = path else {
        return Ok(None);
    };
    if let Some(query) = uri.query() {
        target.push('?');
        target.push_str(query);
    }
    // Encoded, it may be longer than what may be sent.
    let target = PathAndQuery::try_from(target).map_err(|_| Problem::Path)?;
    Ok(Some(target.into()))
}

/// Path and query.
pub(crate) fn target(parts: &Parts) -> &str {
    let path = parts.uri.path_and_query();
    path.map_or("/", |path| path.as_str())
}

/// Refuses a body that is coded where a policy is to read it: what it would read is not what the caller means.
pub(crate) fn plain(headers: &HeaderMap) -> Result<(), Problem> {
    let codings = headers.get_all(header::CONTENT_ENCODING).iter().map(|value| value.as_bytes());
    let mut codings = codings.flat_map(|value| value.split(|&byte| byte == b',')).map(<[u8]>::trim_ascii);
    match codings.find(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity")) {
        None => Ok(()),
        Some(coding) => Err(Problem::BodyEncoded(String::from_utf8_lossy(coding).chars().take(64).collect())),
    }
}

/// The header fields that are needed, as policies see them.
pub(crate) fn listed(headers: &HeaderMap, needed: impl Fn(&str) -> bool) -> Vec<Header> {
    let fields = headers.iter().filter(|(name, _)| needed(name.as_str()));
    fields.map(|(name, value)| Header { name: name.as_str().to_owned(), value: value.as_bytes().to_vec() }).collect()
}
