//! The header fields by which servers behind a proxy are told who called and what for: a caller's own are never passed on.

use http::{HeaderMap, HeaderName};

/// Beginnings of such names.
const BEGINNINGS: [&str; 5] = ["x-forwarded-", "ssl-client-", "x-ssl-", "x-client-cert", "x-original-"];

/// Such names. `client-cert` is RFC 9440's, and `proxy` is what CGI hands on as the variable HTTP_PROXY.
const NAMES: [&str; 20] = [
    "forwarded",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-remote-ip",
    "x-remote-addr",
    "x-originating-ip",
    "client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "cf-connecting-ipv6",
    "fastly-client-ip",
    "x-forwarded",
    "forwarded-for",
    "x-rewrite-url",
    "x-scheme",
    "front-end-https",
    "client-cert",
    "client-cert-chain",
    "proxy",
];

/// Drops a caller's fields of this kind, and those with `_` in their names, which CGI and its kin cannot tell from `-`.
/// What policies set comes later, and is left alone.
pub(crate) fn drop_forged(headers: &mut HeaderMap) {
    let forged: Vec<HeaderName> = headers.keys().filter(|name| is_forged(name.as_str())).cloned().collect();
    for name in forged {
        headers.remove(name);
    }
}

fn is_forged(name: &str) -> bool {
    name.contains('_') || NAMES.contains(&name) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_pass_for_the_gateways_word_is_dropped_and_nothing_else() {
        let stays =
            ["accept", "x-requested-with", "x-tag", "forwarded-to", "x-scheme-2", "proxy-status", "via", "origin"];
        let goes = [
            "X-Forwarded-For",
            "x-forwarded-port",
            "x-forwarded-prefix",
            "x-forwarded-server",
            "Forwarded",
            "x_forwarded_for",
            "transfer_encoding",
            "x-real-ip",
            "x-original-url",
            "x-rewrite-url",
            "x-ssl-client-cert",
            "proxy",
        ];
        let mut headers = HeaderMap::new();
        for name in stays.iter().chain(&goes) {
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), "1".parse().unwrap());
        }
        drop_forged(&mut headers);
        let mut left: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        let mut expected = stays;
        expected.sort_unstable();
        assert_eq!(left, expected);
    }
}
