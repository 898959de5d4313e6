//! What ties a request's traces together: the id it has in logs, and W3C trace context.

use http::{HeaderMap, HeaderName};
use uuid::Uuid;

/// The header of W3C trace context.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// One request in logs and traces.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    /// The gateway's own id of the request: a UUID whose beginning is the time.
    pub(crate) request: String,
    /// The trace context to hand on: the caller's trace where it sent one, with a span of our own.
    pub(crate) traceparent: String,
}

impl Trace {
    /// Continues the caller's trace, or begins one. `unix_millis` is the request's time, `seed` what its ids are made of.
    pub(crate) fn of(headers: &HeaderMap, unix_millis: u64, [a, b]: [u128; 2]) -> Self {
        let mut random = [0; 10];
        random.copy_from_slice(&a.to_ne_bytes()[..10]);
        let request =
            uuid::Builder::from_unix_timestamp_millis(unix_millis, &random).into_uuid().hyphenated().to_string();
        // Neither id may be zero.
        let span = ((a >> 64) as u64).max(1);
        let traceparent = match callers(headers) {
            Some((trace, flags)) => format!("00-{trace}-{span:016x}-{flags}"),
            None => format!("00-{:032x}-{span:016x}-01", b.max(1)),
        };
        Self { request, traceparent }
    }
}

/// A number for this run of the gateway: a UUID of this moment.
pub(crate) fn new_run() -> tallygate_core::Run {
    tallygate_core::Run(Uuid::now_v7().as_u128())
}

/// Trace id and flags of a caller's trace context, if it is valid.
fn callers(headers: &HeaderMap) -> Option<(&str, &str)> {
    let mut all = headers.get_all(TRACEPARENT).iter();
    let text = all.next()?.to_str().ok()?;
    if all.next().is_some() {
        return None;
    }
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    // A later version may carry more behind; the first has exactly four parts.
    let shaped = hex(version, 2) && hex(trace, 32) && hex(span, 16) && hex(flags, 2);
    let whole = version != "00" || parts.next().is_none();
    let zero = |id: &str| id.bytes().all(|b| b == b'0');
    (shaped && whole && version != "ff" && !zero(trace) && !zero(span)).then_some((trace, flags))
}

fn hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(sent: &str) -> Trace {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, sent.parse().unwrap());
        Trace::of(&headers, 1_795_000_000_000, [7 << 64 | 7, 7])
    }

    #[test]
    fn continues_a_valid_trace_with_a_span_of_its_own() {
        let trace = trace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00").traceparent;
        assert!(trace.starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
        assert!(trace.ends_with("-00"));
        assert!(!trace.contains("b7ad6b7169203331"));
    }

    #[test]
    fn begins_a_trace_where_the_callers_is_not_valid() {
        for sent in [
            "",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        ] {
            let made = trace(sent);
            assert!(hex(made.traceparent.split('-').nth(1).unwrap(), 32));
            assert!(!made.traceparent.contains("0af7651916cd43dd"), "{sent}");
            assert_eq!(made.request.as_bytes()[14], b'7', "{}", made.request);
        }
    }
}
