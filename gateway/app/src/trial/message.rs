//! A message to be tried, as a partner would send it.

use std::path::Path;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

/// Who sends where nobody is named.
pub(crate) const TEST_PARTNER: &str = "test-partner";

/// A message to be tried.
#[derive(Clone, Debug)]
pub(crate) struct TrialMessage {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) partner: String,
    /// When it arrives, Unix milliseconds; none: now.
    pub(crate) received: Option<i64>,
    /// What the upstream answers, should it be asked: the bytes of a file, and its content type.
    pub(crate) response: Option<(Vec<u8>, &'static str)>,
}

impl Default for TrialMessage {
    fn default() -> Self {
        Self {
            method: Method::POST,
            target: "/".to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            partner: TEST_PARTNER.to_owned(),
            received: None,
            response: None,
        }
    }
}

/// What a file's name says of its content type.
pub(crate) fn content_type_of(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("json") => "application/json",
        Some("ndjson" | "jsonl") => "application/x-ndjson",
        Some("xml") => "application/xml",
        Some("txt") => "text/plain; charset=utf-8",
        Some("csv") => "text/csv",
        _ => "application/octet-stream",
    }
}

/// A header as it is given on the command line.
///
/// # Errors
/// When it is none.
pub(crate) fn header(given: &str) -> Result<(HeaderName, HeaderValue)> {
    let Some((name, value)) = given.split_once(':') else {
        bail!("the header {given:?} has no colon: it would be such as 'x-till: 7'");
    };
    Ok((
        name.trim().parse().with_context(|| format!("{name:?} is no header's name"))?,
        value.trim().parse().with_context(|| format!("the header {name} cannot have the value {value:?}"))?,
    ))
}

/// A moment as Unix milliseconds.
///
/// # Errors
/// When it is none.
pub(crate) fn moment(given: &str) -> Result<i64> {
    let moment: jiff::Timestamp =
        given.parse().with_context(|| format!("{given:?} is no moment such as 2026-11-22T18:20:54Z"))?;
    Ok(moment.as_millisecond())
}
