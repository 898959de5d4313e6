//! Who calls: the partner behind a client certificate or an API key.

use std::collections::HashMap;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};
use sha2::{Digest, Sha256};

use crate::invalid::Problems;
use crate::options::{Credential, Fingerprint, PartnerOptions};
use crate::problem::Problem;

/// The header that carries an API key.
pub(crate) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// All partners, by what they are known by.
#[derive(Debug, Default)]
pub(crate) struct Partners {
    names: HashMap<String, Arc<str>>,
    by_cn: HashMap<String, Arc<str>>,
    by_certificate: HashMap<[u8; 32], Arc<str>>,
    by_key: HashMap<[u8; 32], Arc<str>>,
}

/// What a connection's client certificate says; worked out once a connection.
#[derive(Clone, Debug)]
pub(crate) enum Certificate {
    /// None was shown.
    None,
    /// One was shown that an authority vouches for, but no partner is known by it.
    Unknown,
    /// A partner's.
    Of(Arc<str>),
}

/// Who calls.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// None on proxy routes only.
    pub(crate) partner: Option<Arc<str>>,
    /// Whether the request carries the partner's own key, which is no upstream's business.
    pub(crate) by_key: bool,
}

/// What becomes of a caller without credentials on a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WithoutCredential {
    /// It is refused.
    Refused,
    /// It is this partner.
    Partner(Arc<str>),
    /// It passes unnamed. What stands in the headers of such a request may be meant for the upstream.
    Unnamed,
}

enum Key {
    None,
    Unknown,
    Of(Arc<str>),
}

impl Partners {
    pub(crate) fn new(options: &[PartnerOptions], problems: &mut Problems) -> Self {
        let mut partners = Self::default();
        for (index, partner) in options.iter().enumerate() {
            let name: Arc<str> = partner.name.as_str().into();
            partners.names.insert(partner.name.clone(), name.clone());
            for credential in &partner.credentials {
                let other = match credential {
                    Credential::SubjectCn(cn) => partners.by_cn.insert(cn.clone(), name.clone()),
                    Credential::Certificate(Fingerprint(hash)) => partners.by_certificate.insert(*hash, name.clone()),
                    Credential::ApiKey(Fingerprint(hash)) => partners.by_key.insert(*hash, name.clone()),
                };
                let key = match credential {
                    Credential::ApiKey(_) => format!("partners[{index}].api_key_sha256"),
                    Credential::SubjectCn(_) | Credential::Certificate(_) => format!("partners[{index}].certificate"),
                };
                if let Some(other) = other.filter(|other| **other != *name) {
                    problems.note(&*key, format_args!("has a credential of partner {other:?}"));
                }
                // Whoever sends the header without a value would be that partner.
                if *credential == Credential::ApiKey(Fingerprint(Sha256::digest(b"").into())) {
                    problems.note(key, "is the SHA-256 of nothing, that of a long random key would be right");
                }
            }
        }
        partners
    }

    /// A partner by name.
    pub(crate) fn named(&self, name: &str) -> Option<Arc<str>> {
        self.names.get(name).cloned()
    }

    /// What a verified client certificate, DER, says.
    pub(crate) fn certificate(&self, der: &[u8]) -> Certificate {
        let hash: [u8; 32] = Sha256::digest(der).into();
        if let Some(name) = self.by_certificate.get(&hash) {
            return Certificate::Of(name.clone());
        }
        match common_name(der).and_then(|cn| self.by_cn.get(&cn)) {
            Some(name) => Certificate::Of(name.clone()),
            None => Certificate::Unknown,
        }
    }

    /// Who calls.
    pub(crate) fn find(
        &self,
        otherwise: &WithoutCredential,
        certificate: &Certificate,
        headers: &HeaderMap,
    ) -> Result<Caller, Problem> {
        let by_key = |partner| Caller { partner: Some(partner), by_key: true };
        let by_other = |partner| Caller { partner, by_key: false };
        let may_pass = *otherwise == WithoutCredential::Unnamed;
        match (self.key(headers), certificate) {
            (Key::Of(by), Certificate::Of(partner)) if by != *partner => Err(Problem::TwoPartners),
            (Key::Of(partner), _) => Ok(by_key(partner)),
            (Key::Unknown, _) if !may_pass => Err(Problem::UnknownKey),
            (_, Certificate::Of(partner)) => Ok(by_other(Some(partner.clone()))),
            (_, _) if may_pass => Ok(by_other(None)),
            (_, Certificate::Unknown) => Err(Problem::UnknownCertificate),
            (_, Certificate::None) => match otherwise {
                WithoutCredential::Partner(partner) => Ok(by_other(Some(partner.clone()))),
                _ => Err(Problem::NoCredential),
            },
        }
    }

    fn key(&self, headers: &HeaderMap) -> Key {
        let bearer = || {
            let value = headers.get(AUTHORIZATION)?.as_bytes();
            let (scheme, token) = value.split_at_checked(7)?;
            scheme.eq_ignore_ascii_case(b"bearer ").then_some(token)
        };
        let key = headers.get(API_KEY).map(|value| value.as_bytes());
        match key.or_else(bearer) {
            None => Key::None,
            Some(key) => {
                let hash: [u8; 32] = Sha256::digest(key).into();
                self.by_key.get(&hash).map_or(Key::Unknown, |name| Key::Of(name.clone()))
            }
        }
    }
}

fn common_name(der: &[u8]) -> Option<String> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    let mut names = certificate.subject().iter_common_name();
    let name = names.next()?.as_str().ok()?.to_owned();
    // With two common names, which of them was vouched for is anyone's guess.
    names.next().is_none().then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partners() -> Partners {
        let key = Fingerprint(Sha256::digest(b"secret").into());
        let options = [
            PartnerOptions { name: "shop-1".into(), credentials: vec![Credential::SubjectCn("shop-1".into())] },
            PartnerOptions { name: "shop-2".into(), credentials: vec![Credential::ApiKey(key)] },
        ];
        Partners::new(&options, &mut Problems::default())
    }

    fn who(certificate: &Certificate, key: Option<&str>, partner: Option<&str>) -> Result<String, u16> {
        let mut headers = HeaderMap::new();
        if let Some(key) = key {
            headers.insert(AUTHORIZATION, format!("Bearer {key}").parse().unwrap());
        }
        let otherwise = partner.map_or(WithoutCredential::Refused, |name| WithoutCredential::Partner(name.into()));
        match partners().find(&otherwise, certificate, &headers) {
            Ok(caller) => Ok(caller.partner.unwrap().to_string()),
            Err(problem) => Err(problem.refusal().status),
        }
    }

    #[test]
    fn an_unknown_credential_is_never_the_routes_partner() {
        let (none, unknown) = (Certificate::None, Certificate::Unknown);
        assert_eq!(who(&none, None, Some("till")).unwrap(), "till");
        assert_eq!(who(&none, Some("wrong"), Some("till")), Err(401));
        assert_eq!(who(&unknown, None, Some("till")), Err(403));
        assert_eq!(who(&none, None, None), Err(401));
    }

    #[test]
    fn a_key_names_its_partner_unless_the_certificate_names_another() {
        let of = Certificate::Of("shop-1".into());
        assert_eq!(who(&Certificate::None, Some("secret"), None).unwrap(), "shop-2");
        assert_eq!(who(&Certificate::Unknown, Some("secret"), None).unwrap(), "shop-2");
        assert_eq!(who(&of, None, None).unwrap(), "shop-1");
        assert_eq!(who(&of, Some("secret"), None), Err(403));
    }

    #[test]
    fn a_credential_belongs_to_one_partner() {
        let with = |name: &str| PartnerOptions {
            name: name.into(),
            credentials: vec![Credential::SubjectCn("same".into()); 2],
        };
        let mut problems = Problems::default();
        Partners::new(&[with("a")], &mut problems);
        assert_eq!(problems.into_list(), []);
        let mut problems = Problems::default();
        Partners::new(&[with("a"), with("b")], &mut problems);
        let problem = problems.into_list().remove(0);
        assert_eq!(problem.to_string(), "partners[1].certificate: has a credential of partner \"a\"");
    }

    #[test]
    fn the_hash_of_nothing_is_no_credential() {
        let nothing = Credential::ApiKey(Fingerprint(Sha256::digest(b"").into()));
        let mut problems = Problems::default();
        Partners::new(&[PartnerOptions { name: "a".into(), credentials: vec![nothing] }], &mut problems);
        assert!(
            problems.into_list()[0].to_string().starts_with("partners[0].api_key_sha256: is the SHA-256 of nothing")
        );
    }
}
