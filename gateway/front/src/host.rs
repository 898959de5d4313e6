//! The host that a request names, in the one form in which it is compared and passed on.

use std::borrow::Cow;
use std::net::Ipv6Addr;

/// The longest name of a host, in bytes (RFC 1035, 2.3.4).
const NAME_BYTES: usize = 253;

/// A host as `uri-host [":" port]` (RFC 9110, 7.2): in lower case, without a dot at its end or an empty port. Names are
/// letters, digits, `-`, `.`, `_` and `~`; what else the grammar of a URI allows in one is no host of anybody's, such as
/// a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Host {
    text: String,
    name_bytes: usize,
}

impl Host {
    /// None where it is no host, or more than one, or has a user in front of it.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (name, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, behind) = rest.split_once(']')?;
                let address: Ipv6Addr = address.parse().ok()?;
                let port = if behind.is_empty() { "" } else { behind.strip_prefix(':')? };
                (Cow::Owned(format!("[{address}]")), port)
            }
            None => {
                let (name, port) = text.split_once(':').unwrap_or((text, ""));
                (Cow::Borrowed(named(name)?), port)
            }
        };
        let mut text = name.into_owned();
        text.make_ascii_lowercase();
        let name_bytes = text.len();
        if !port.is_empty() {
            if !port.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            let port: u16 = port.parse().ok()?;
            text.push_str(&format!(":{port}"));
        }
        Some(Self { text, name_bytes })
    }

    /// What a route is for; the error says what would be right.
    pub(crate) fn of_route(text: &str) -> Result<String, String> {
        let wrong = |right: &str| Err(format!("{text:?} is no host that a request can name: {right}"));
        if text.contains('*') {
            return wrong(
                "one whole host would be right, such as \"invoices.example.com\"; without the key, all are taken",
            );
        }
        if !text.is_ascii() {
            return wrong("a name as DNS has it would be right, which begins with \"xn--\" where it has other letters");
        }
        if text.parse::<Ipv6Addr>().is_ok() {
            return wrong(&format!("\"[{text}]\" would be right"));
        }
        match Self::read(text) {
            Some(host) if host.name() == host.text() && !text.ends_with(':') => Ok(host.text),
            Some(host) => wrong(&format!("{:?} would be right, which is matched on all ports", host.name())),
            None => wrong("a name or an address would be right, such as \"invoices.example.com\""),
        }
    }

    /// Without its port; empty where none was named.
    pub(crate) fn name(&self) -> &str {
        &self.text[..self.name_bytes]
    }

    /// With its port, if it has one.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// A name without the dot at its end that only says that it is whole.
fn named(name: &str) -> Option<&str> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    let whole = name.split('.').all(|label| !label.is_empty());
    (whole && name.len() <= NAME_BYTES && name.bytes().all(plain)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_one_form() {
        for (sent, text, name) in [
            ("a.example", "a.example", "a.example"),
            ("A.Example.", "a.example", "a.example"),
            ("a.example.:8443", "a.example:8443", "a.example"),
            ("a.example:", "a.example", "a.example"),
            ("a_b~c:0080", "a_b~c:80", "a_b~c"),
            ("127.0.0.1:80", "127.0.0.1:80", "127.0.0.1"),
            ("[0:0:0:0:0:0:0:1]:80", "[::1]:80", "[::1]"),
            ("[2001:DB8::1]", "[2001:db8::1]", "[2001:db8::1]"),
        ] {
            let host = Host::read(sent).unwrap();
            assert_eq!((host.text(), host.name()), (text, name), "{sent}");
            assert_eq!(Host::read(host.text()).unwrap(), host, "{sent}");
        }
    }

    #[test]
    fn what_is_no_host_is_none() {
        let long = "a".repeat(NAME_BYTES + 1);
        for sent in [
            "",
            ".",
            "a..b",
            ".a",
            "a,b",
            "a, b",
            "a b",
            "u@a",
            "u:p@a",
            "a:b",
            "a:80:80",
            "a:65536",
            "a:+80",
            "a/b",
            "a?b",
            "a#b",
            "%61",
            "a%00",
            "::1",
            "[::1",
            "[::1]x",
            "[::1%25eth0]",
            "[v1.a]",
            "[]",
            "[1.2.3.4]",
            "č.example",
            "a;b",
            "a\\b",
            &long,
        ] {
            assert_eq!(Host::read(sent), None, "{sent}");
        }
    }

    #[test]
    fn the_host_of_a_route_is_one_that_can_match() {
        assert_eq!(Host::of_route("A.example.").unwrap(), "a.example");
        assert_eq!(Host::of_route("[::0001]").unwrap(), "[::1]");
        for (text, right) in [
            ("*.example", "one whole host would be right"),
            ("x:8443", "\"x\" would be right, which is matched on all ports"),
            ("x:", "\"x\" would be right"),
            ("čaj.example", "a name as DNS has it would be right"),
            ("::1", "\"[::1]\" would be right"),
            ("https://x", "a name or an address would be right"),
            ("", "a name or an address would be right"),
        ] {
            let said = Host::of_route(text).unwrap_err();
            assert!(said.starts_with(&format!("{text:?} is no host")) && said.contains(right), "{said}");
        }
    }
}
