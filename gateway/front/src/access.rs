//! Who calls: the partner behind a client certificate or an API key.

use std::collections::HashMap;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};
use sha2::{Digest, Sha256};
use tallygate_core::transaction;

use crate::front::FrontError;
use crate::options::{Credential, Fingerprint, PartnerOptions};
use crate::problem::Problem;
use crate::routes::Route;

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

enum Key {
    None,
    Unknown,
    Of(Arc<str>),
}

impl Partners {
    pub(crate) fn new(options: &[PartnerOptions]) -> Result<Self, FrontError> {
        let mut partners = Self::default();
        for partner in options {
            transaction::name(&partner.name).map_err(|problem| FrontError::Partner(partner.name.clone(), problem))?;
            let name: Arc<str> = partner.name.as_str().into();
            if partners.names.insert(partner.name.clone(), name.clone()).is_some() {
                let problem = "stands twice; a name is one partner's for life".to_owned();
                return Err(FrontError::Partner(partner.name.clone(), problem));
            }
            for credential in &partner.credentials {
                let other = match credential {
                    Credential::SubjectCn(cn) => partners.by_cn.insert(cn.clone(), name.clone()),
                    Credential::Certificate(Fingerprint(hash)) => partners.by_certificate.insert(*hash, name.clone()),
                    Credential::ApiKey(Fingerprint(hash)) => partners.by_key.insert(*hash, name.clone()),
                };
                if let Some(other) = other.filter(|other| **other != *name) {
                    let problem = format!("has a credential of partner {other:?}");
                    return Err(FrontError::Partner(partner.name.clone(), problem));
                }
            }
        }
        Ok(partners)
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

    /// Who calls, on this route.
    pub(crate) fn find(
        &self,
        route: &Route,
        certificate: &Certificate,
        headers: &HeaderMap,
    ) -> Result<Caller, Problem> {
        let by_key = |partner| Caller { partner: Some(partner), by_key: true };
        let by_other = |partner| Caller { partner, by_key: false };
        // What stands in the headers of a proxy's request may be meant for the upstream.
        let proxied = route.upstream.is_some() && route.partner.is_none();
        match (self.key(headers), certificate) {
            (Key::Of(by), Certificate::Of(partner)) if by != *partner => Err(Problem::TwoPartners),
            (Key::Of(partner), _) => Ok(by_key(partner)),
            (Key::Unknown, _) if !proxied => Err(Problem::UnknownKey),
            (_, Certificate::Of(partner)) => Ok(by_other(Some(partner.clone()))),
            (_, _) if proxied => Ok(by_other(None)),
            (_, Certificate::Unknown) => Err(Problem::UnknownCertificate),
            (_, Certificate::None) => match &route.partner {
                Some(partner) => Ok(by_other(Some(partner.clone()))),
                None => Err(Problem::NoCredential),
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
    use crate::metrics::RouteLabels;

    fn partners() -> Partners {
        let key = Fingerprint(Sha256::digest(b"secret").into());
        Partners::new(&[
            PartnerOptions { name: "shop-1".into(), credentials: vec![Credential::SubjectCn("shop-1".into())] },
            PartnerOptions { name: "shop-2".into(), credentials: vec![Credential::ApiKey(key)] },
        ])
        .unwrap()
    }

    fn route(partner: Option<&str>) -> Route {
        Route {
            labels: RouteLabels { route: "r".into() },
            listeners: Vec::new(),
            host: None,
            path: String::new(),
            methods: Vec::new(),
            partner: partner.map(Into::into),
            policies: Vec::new(),
            upstream: None,
            seconds: prometheus_client::metrics::histogram::Histogram::new([]),
        }
    }

    fn who(certificate: &Certificate, key: Option<&str>, partner: Option<&str>) -> Result<String, u16> {
        let mut headers = HeaderMap::new();
        if let Some(key) = key {
            headers.insert(AUTHORIZATION, format!("Bearer {key}").parse().unwrap());
        }
        match partners().find(&route(partner), certificate, &headers) {
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
        let twice =
            |name: &str| PartnerOptions { name: name.into(), credentials: vec![Credential::SubjectCn("same".into())] };
        assert!(Partners::new(&[twice("a"), twice("b")]).is_err());
        assert!(Partners::new(&[twice("a"), twice("a")]).is_err());
    }
}
