//! The credentials that a request brings: found, and taken out of it where they are a partner's.

use std::collections::HashMap;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};
use sha2::{Digest, Sha256};

/// The header that carries an API key.
pub(crate) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

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

/// Who sent a request, as far as its credentials tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// A partner, by one credential or by several.
    Partner(Arc<str>),
    /// Its credentials are those of different partners.
    Several,
    /// It cannot be told which credential is meant: there are several authorization fields, where there may be one (RFC 9110,
    /// 5.3 and 11.6.2), or a partner's key stands beside something else in its field.
    Ambiguous,
    /// It has an API key that is no partner's, and nothing better.
    UnknownKey,
    /// It has a certificate that is no partner's, and nothing better.
    UnknownCertificate,
    /// It has no credential.
    Nobody,
}

/// The API keys of all partners, by their SHA-256.
pub(crate) type Keys = HashMap<[u8; 32], Arc<str>>;

/// How many words of a credential's field are looked at to see whether one is a partner's key: no scheme has as many.
const CREDENTIAL_WORDS: usize = 64;

/// Who sent a request. The keys of partners are taken out of its header fields, in every field that holds one: they are
/// neither a policy's business nor an upstream's. A value that is no partner's stays, since it may be meant for the upstream.
pub(crate) fn identify(keys: &Keys, certificate: &Certificate, headers: &mut HeaderMap) -> Identity {
    let mut partners = Vec::new();
    if take_ambiguous(keys, headers) {
        return Identity::Ambiguous;
    }
    let unknown = [(API_KEY, api_key as Token), (AUTHORIZATION, bearer)]
        .map(|(name, token)| take_keys(keys, headers, &name, token, &mut partners))
        .contains(&true);
    if let Certificate::Of(partner) = certificate {
        partners.push(partner.clone());
    }
    match (partners.split_first(), certificate) {
        (Some((first, others)), _) if others.iter().all(|other| other == first) => Identity::Partner(first.clone()),
        (Some(_), _) => Identity::Several,
        (None, _) if unknown => Identity::UnknownKey,
        (None, Certificate::Unknown) => Identity::UnknownCertificate,
        (None, _) => Identity::Nobody,
    }
}

/// Removes the fields of which it cannot be told whose credential they are: whole, since what was taken out of them by halves would
/// be the other half's word to whoever is behind.
fn take_ambiguous(keys: &Keys, headers: &mut HeaderMap) -> bool {
    let several = headers.get_all(AUTHORIZATION).iter().nth(1).is_some();
    let beside = |name: &HeaderName, token: Token| {
        headers.get_all(name).iter().any(|value| has_beside(keys, value.as_bytes(), token))
    };
    let ambiguous = [(API_KEY, beside(&API_KEY, api_key)), (AUTHORIZATION, several || beside(&AUTHORIZATION, bearer))];
    for (name, _) in ambiguous.iter().filter(|(_, ambiguous)| *ambiguous) {
        headers.remove(name);
    }
    ambiguous.iter().any(|(_, ambiguous)| *ambiguous)
}

/// Whether a partner's key stands in a field's value beside something else, as where two fields were joined (RFC 9110, 5.2).
fn has_beside(keys: &Keys, value: &[u8], token: Token) -> bool {
    let is_key = |text: &[u8]| keys.contains_key::<[u8; 32]>(&Sha256::digest(text).into());
    let mut words = value.split(|byte| matches!(byte, b',' | b' ' | b'\t')).filter(|word| !word.is_empty());
    let mut others = words.clone();
    // Most values are one word, or a scheme and one.
    let is_plain = match token(value.trim_ascii()) {
        Some(token) => others.any(|word| word == token),
        None => others.nth(1).is_none(),
    };
    !is_plain && words.by_ref().take(CREDENTIAL_WORDS).any(is_key)
}

/// What of a field's value is an API key, if anything.
type Token = fn(&[u8]) -> Option<&[u8]>;

fn api_key(value: &[u8]) -> Option<&[u8]> {
    (!value.is_empty()).then_some(value)
}

/// RFC 9110, 11.4: the scheme in any case, one blank or more, the token.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked(6)?;
    let blanks = rest.iter().take_while(|&&b| b == b' ').count();
    let token = &rest[blanks..];
    (scheme.eq_ignore_ascii_case(b"bearer") && blanks > 0 && !token.is_empty()).then_some(token)
}

/// Removes the values of one field that hold a partner's key, and says whether one that stays is a key of nobody.
fn take_keys(
    keys: &Keys,
    headers: &mut HeaderMap,
    name: &HeaderName,
    token: Token,
    partners: &mut Vec<Arc<str>>,
) -> bool {
    let (before, mut unknown) = (partners.len(), false);
    let mut kept = Vec::new();
    for value in headers.get_all(name) {
        // Over HTTP/2 blanks may stand around a value that whoever reads it behind does not take for a part of it.
        let key = token(value.as_bytes().trim_ascii());
        let partner = key.and_then(|key| keys.get::<[u8; 32]>(&Sha256::digest(key).into()));
        match partner {
            Some(partner) => partners.push(partner.clone()),
            None => {
                unknown |= key.is_some();
                kept.push(value.clone());
            }
        }
    }
    if partners.len() > before {
        headers.remove(name);
        for value in kept {
            headers.append(name, value);
        }
    }
    unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        [("one", "shop-1"), ("other", "shop-1"), ("two", "shop-2")]
            .map(|(key, partner)| (Sha256::digest(key).into(), partner.into()))
            .into()
    }

    /// Who it is, and the fields that are left.
    fn identified(certificate: &Certificate, fields: &[(&'static str, &str)]) -> (Identity, Vec<String>) {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        let identity = identify(&keys(), certificate, &mut headers);
        let left = headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
        (identity, left.collect())
    }

    fn partner(name: &str) -> Identity {
        Identity::Partner(name.into())
    }

    #[test]
    fn a_partners_key_is_taken_out_of_every_field_that_holds_one_and_nothing_else_is() {
        let none = Certificate::None;
        let both = [("x-api-key", "one"), ("authorization", "Bearer other"), ("cookie", "a=b")];
        assert_eq!(identified(&none, &both), (partner("shop-1"), vec!["cookie: a=b".to_owned()]));
        let foreign = [("x-api-key", "for-the-upstream"), ("authorization", "Bearer one")];
        assert_eq!(identified(&none, &foreign), (partner("shop-1"), vec!["x-api-key: for-the-upstream".to_owned()]));
        let foreign = [("x-api-key", "one"), ("authorization", "Basic b25l")];
        assert_eq!(identified(&none, &foreign), (partner("shop-1"), vec!["authorization: Basic b25l".to_owned()]));
        let blanks = [("x-api-key", " one"), ("authorization", "\tBearer one ")];
        assert_eq!(identified(&none, &blanks), (partner("shop-1"), vec![]));
        let twice = [("x-api-key", "theirs"), ("x-api-key", "one")];
        assert_eq!(identified(&none, &twice), (partner("shop-1"), vec!["x-api-key: theirs".to_owned()]));
    }

    #[test]
    fn an_unknown_key_hides_no_valid_credential() {
        let of = Certificate::Of("shop-1".into());
        assert_eq!(identified(&of, &[("authorization", "Bearer theirs")]).0, partner("shop-1"));
        assert_eq!(identified(&Certificate::None, &[("x-api-key", "no"), ("authorization", "Bearer one")]).0, {
            partner("shop-1")
        });
        assert_eq!(identified(&Certificate::Unknown, &[("x-api-key", "two")]).0, partner("shop-2"));
    }

    #[test]
    fn credentials_of_different_partners_are_nobodys_and_are_taken_out_all_the_same() {
        let of = Certificate::Of("shop-1".into());
        assert_eq!(identified(&of, &[("x-api-key", "two")]), (Identity::Several, vec![]));
        let both = [("x-api-key", "one"), ("authorization", "Bearer two")];
        assert_eq!(identified(&Certificate::None, &both), (Identity::Several, vec![]));
    }

    #[test]
    fn a_credential_that_is_wrong_is_told_from_one_that_is_missing() {
        let who = |certificate, fields: &[(&'static str, &str)]| identified(certificate, fields).0;
        assert_eq!(who(&Certificate::None, &[("x-api-key", "no")]), Identity::UnknownKey);
        assert_eq!(who(&Certificate::None, &[("authorization", "Bearer no")]), Identity::UnknownKey);
        assert_eq!(who(&Certificate::Unknown, &[("authorization", "Basic no")]), Identity::UnknownCertificate);
        for none in ["Basic no", "Bearer"] {
            assert_eq!(who(&Certificate::None, &[("x-api-key", ""), ("authorization", none)]), Identity::Nobody);
        }
    }

    #[test]
    fn a_key_beside_something_else_in_its_field_is_nobodys_and_none_of_the_field_goes_on() {
        for value in
            ["Bearer one, Bearer x", "Bearer x,Bearer one", "Bearer one two", "Basic x, Bearer one", "one, Bearer x"]
        {
            assert_eq!(
                identified(&Certificate::None, &[("authorization", value)]),
                (Identity::Ambiguous, vec![]),
                "{value}"
            );
        }
        for value in ["one,two", "theirs, one", "one\tone"] {
            assert_eq!(
                identified(&Certificate::None, &[("x-api-key", value)]),
                (Identity::Ambiguous, vec![]),
                "{value}"
            );
        }
        for value in ["Digest username=a, realm=b", "Bearer their own, whatever", "Basic one,"] {
            let (identity, left) = identified(&Certificate::None, &[("authorization", value)]);
            assert_eq!(
                (identity == Identity::Ambiguous, left.len()),
                (value == "Basic one,", usize::from(value != "Basic one,")),
                "{value}"
            );
        }
    }

    #[test]
    fn several_authorization_fields_are_nobodys_whatever_stands_in_them() {
        let of = Certificate::Of("shop-1".into());
        for second in ["Bearer one", "Basic x", "", "Bearer theirs"] {
            let fields = [("authorization", "Bearer one"), ("authorization", second), ("cookie", "a=b")];
            assert_eq!(identified(&of, &fields), (Identity::Ambiguous, vec!["cookie: a=b".to_owned()]), "{second}");
        }
    }

    #[test]
    fn the_bearer_scheme_is_in_any_case_and_followed_by_one_blank_or_more() {
        for value in ["Bearer one", "bearer one", "BEARER   one"] {
            assert_eq!(identified(&Certificate::None, &[("authorization", value)]), (partner("shop-1"), vec![]));
        }
        for value in ["Bearerone", "Bearer\tone", "Bear one", "Bearer one two"] {
            assert_ne!(identified(&Certificate::None, &[("authorization", value)]).0, partner("shop-1"), "{value}");
        }
    }
}
