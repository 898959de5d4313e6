//! A request's head, as routes, policies and upstreams need it.

use http::request::Parts;
use http::{HeaderMap, Version, header};
use tallygate_host::Header;

use crate::problem::Problem;

/// Whom the request is for, as its caller named it: the authority, or the one Host header.
pub(crate) fn host(parts: &Parts) -> Result<&str, Problem> {
    let mut all = parts.headers.get_all(header::HOST).iter();
    let host = all.next();
    if all.next().is_some() {
        return Err(Problem::Host);
    }
    if let Some(authority) = parts.uri.authority() {
        return Ok(authority.as_str());
    }
    match host.map(|host| host.to_str()) {
        Some(Ok(host)) => Ok(host),
        None if parts.version != Version::HTTP_11 => Ok(""),
        _ => Err(Problem::Host),
    }
}

/// Path and query.
pub(crate) fn target(parts: &Parts) -> &str {
    let path = parts.uri.path_and_query();
    path.map_or("/", |path| path.as_str())
}

/// The header fields that are needed, as policies see them.
pub(crate) fn listed(headers: &HeaderMap, needed: impl Fn(&str) -> bool) -> Vec<Header> {
    let fields = headers.iter().filter(|(name, _)| needed(name.as_str()));
    fields.map(|(name, value)| Header { name: name.as_str().to_owned(), value: value.as_bytes().to_vec() }).collect()
}
