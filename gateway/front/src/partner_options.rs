//! What a partner is: its name for life, its credentials, its groups, and the keys that it may count under.

use std::fmt;
use std::str::FromStr;

/// One who may call.
#[derive(Clone, Debug, Default)]
pub struct PartnerOptions {
    /// The name for life: it scopes the identity of what the partner sends.
    pub name: String,
    /// What it is known by; any of them suffices, so that each can be changed while another one holds.
    pub credentials: Vec<Credential>,
    /// Whether the one credential stands beside the name, without a list.
    pub short_form: bool,
    /// The groups it is in, which routes use.
    pub groups: Vec<String>,
    /// The keys that it may count under; none: any.
    pub keys: Option<KeyOptions>,
}

/// The keys that a partner is bound to: those that are named, and those that begin with one of the prefixes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyOptions {
    /// Keys, whole.
    pub exact: Vec<String>,
    /// What other keys begin with.
    pub prefix: Vec<String>,
}

/// What a partner is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// The common name of a client certificate.
    SubjectCn {
        /// The name.
        cn: String,
        /// The authority that must vouch for it, PEM, with one certificate or several. Without it, it is the one that
        /// listeners ask, of which there may be no more than one then.
        ca: Option<Vec<u8>>,
    },
    /// The SHA-256 of a certificate's DER, which a listener's `client_ca` vouches for.
    Certificate(Fingerprint),
    /// The SHA-256 of an API key, which is sent as `x-api-key` or as `authorization: Bearer`.
    ApiKey(Fingerprint),
}

/// A SHA-256, written as 64 hexadecimal digits, with or without colons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

/// The text is no SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a SHA-256 in 64 hexadecimal digits")]
pub struct NotAFingerprint;

impl PartnerOptions {
    /// Where one of its credentials stands below its own key.
    pub(crate) fn key_of(&self, place: usize) -> String {
        let key = match self.credentials.get(place) {
            Some(Credential::ApiKey(_)) => "api_key_sha256",
            _ => "certificate",
        };
        if self.short_form { key.to_owned() } else { format!("credentials[{place}].{key}") }
    }
}

impl FromStr for Fingerprint {
    type Err = NotAFingerprint;

    fn from_str(text: &str) -> Result<Self, NotAFingerprint> {
        let mut bytes = [0_u8; 32];
        let mut digits = text.bytes().filter(|&b| b != b':');
        let mut digit = || {
            let digit = digits.next().and_then(|b| char::from(b).to_digit(16));
            digit.map(|d| d as u8).ok_or(NotAFingerprint)
        };
        for byte in &mut bytes {
            *byte = digit()? << 4 | digit()?;
        }
        if digits.next().is_some() {
            return Err(NotAFingerprint);
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_reads_with_and_without_colons() {
        let plain = "00ff".repeat(16);
        let spaced = vec!["00:FF"; 16].join(":");
        assert_eq!(spaced.parse::<Fingerprint>(), plain.parse());
        assert_eq!(plain.parse::<Fingerprint>().unwrap().to_string(), plain);
        for wrong in ["", "00", &"0g".repeat(32), &"00".repeat(33)] {
            assert_eq!(wrong.parse::<Fingerprint>(), Err(NotAFingerprint));
        }
    }
}
