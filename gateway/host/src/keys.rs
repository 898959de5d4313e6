//! The keys a policy may use, by name. They are used here and never enter the sandbox.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;

use crate::failure::KeyError;
use crate::limits;
use crate::signer::Signer;

/// Named keys: for signatures, a PEM file with a private key (RSA of 2,048 bits or more, or P-256) and its certificate
/// first of those in the file; for HMAC, the bytes of a file as they are. Cloning it is cheap.
#[derive(Clone, Default)]
pub struct Keys {
    named: Arc<HashMap<String, Arc<Key>>>,
    for_any_name: Option<Arc<(Signer, hmac::Key)>>,
}

#[allow(clippy::large_enum_variant, reason = "a key always stands behind an Arc, once for each of few")]
enum Key {
    Signer(Signer),
    Hmac(hmac::Key),
}

impl Keys {
    /// No keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key from the contents of a file; one of the same name is replaced.
    ///
    /// # Errors
    /// Names what the contents lack.
    pub fn add(&mut self, name: &str, contents: &[u8]) -> Result<(), KeyError> {
        let key = if contents.windows(11).any(|window| window == b"-----BEGIN ") {
            Key::Signer(Signer::from_pem(contents)?)
        } else if contents.len() < limits::HMAC_KEY_BYTES {
            return Err(KeyError(format!(
                "it is neither PEM nor long enough for HMAC: {} bytes, and {} would be right, such as 32 random ones",
                contents.len(),
                limits::HMAC_KEY_BYTES
            )));
        } else {
            Key::Hmac(hmac::Key::new(hmac::HMAC_SHA256, contents))
        };
        Arc::make_mut(&mut self.named).insert(name.to_owned(), Arc::new(key));
        Ok(())
    }

    /// Fresh keys that go by any name, for trying a policy out: what they sign proves nothing.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn throw_away() -> Result<Self, KeyError> {
        let fail = |error: &dyn fmt::Display| KeyError(format!("no throw-away key could be made: {error}"));
        let pair = rcgen::KeyPair::generate().map_err(|error| fail(&error))?;
        let mut parameters = rcgen::CertificateParams::default();
        parameters.distinguished_name.push(rcgen::DnType::CommonName, "throw-away");
        let certificate = parameters.self_signed(&pair).map_err(|error| fail(&error))?;
        let signer = Signer::from_pem(format!("{}{}", pair.serialize_pem(), certificate.pem()).as_bytes())?;
        let hmac = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).map_err(|error| fail(&error))?;
        Ok(Self { named: Arc::default(), for_any_name: Some(Arc::new((signer, hmac))) })
    }

    /// Whether a key is there for a function of the host; else what would be right.
    pub(crate) fn check(&self, name: &str, function: &str) -> Result<(), String> {
        match function {
            "sign-xml" => self.signer(name).map(drop),
            "hmac-sha256" => self.hmac(name).map(drop),
            other => Err(format!("the policy wants it for {other}, which this host does not have")),
        }
    }

    pub(crate) fn signer(&self, name: &str) -> Result<&Signer, String> {
        match (self.named.get(name).map(|key| &**key), &self.for_any_name) {
            (Some(Key::Signer(signer)), _) => Ok(signer),
            (Some(Key::Hmac(_)), _) => {
                Err(format!("the key `{name}` signs nothing: it would be a private key and its certificate in PEM"))
            }
            (None, Some(any)) => Ok(&any.0),
            (None, None) => Err(self.missing(name)),
        }
    }

    pub(crate) fn hmac(&self, name: &str) -> Result<&hmac::Key, String> {
        match (self.named.get(name).map(|key| &**key), &self.for_any_name) {
            (Some(Key::Hmac(key)), _) => Ok(key),
            (Some(Key::Signer(_)), _) => {
                Err(format!("the key `{name}` is for signatures: for HMAC it would be random bytes, not PEM"))
            }
            (None, Some(any)) => Ok(&any.1),
            (None, None) => Err(self.missing(name)),
        }
    }

    fn missing(&self, name: &str) -> String {
        let mut names: Vec<_> = self.named.keys().map(String::as_str).collect();
        names.sort_unstable();
        let there =
            if names.is_empty() { "none is configured".into() } else { format!("there is {}", names.join(", ")) };
        format!("there is no key `{name}` for this policy; {there}")
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.named.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::Keys;

    fn pair() -> (String, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::default().self_signed(&key).unwrap();
        (key.serialize_pem(), certificate.pem())
    }

    fn refused(contents: &str) -> String {
        Keys::new().add("key", contents.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_key_for_signatures_comes_with_its_certificate() {
        let ((key, certificate), (_, foreign)) = (pair(), pair());
        let mut keys = Keys::new();
        for contents in [format!("{key}{certificate}"), format!("{certificate}{foreign}{key}")] {
            keys.add("reply", contents.as_bytes()).unwrap();
            assert!(keys.signer("reply").is_ok());
        }
        assert!(refused(&certificate).contains("no private key in it"));
        assert!(refused(&key).contains("no certificate in it"));
        assert!(refused(&format!("{key}{foreign}")).contains("belongs to another key"));
        let wrong = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        assert!(
            refused(&format!("{}{certificate}", wrong.serialize_pem())).contains("RSA of 2,048 bits or more, or P-256")
        );
    }

    #[test]
    fn a_key_is_of_use_for_what_it_is_for() {
        let (key, certificate) = pair();
        let mut keys = Keys::new();
        keys.add("reply", format!("{key}{certificate}").as_bytes()).unwrap();
        keys.add("jir", &[0; 16]).unwrap();
        assert!(keys.hmac("reply").unwrap_err().contains("random bytes, not PEM"));
        assert!(keys.signer("jir").is_err_and(|error| error.contains("a private key and its certificate")));
        assert!(keys.signer("other").is_err_and(|error| error.contains("there is jir, reply")));
        assert!(keys.check("jir", "verify-jws").unwrap_err().contains("verify-jws"));
        assert!(refused("fifteen bytes..").contains("16 would be right"));
    }

    #[test]
    fn no_key_is_shown() {
        let mut keys = Keys::new();
        keys.add("jir", b"a very secret one").unwrap();
        assert_eq!(format!("{keys:?}"), r#"{"jir"}"#);
    }
}
