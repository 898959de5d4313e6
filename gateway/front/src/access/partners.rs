//! All partners, by what they are known by.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use http::HeaderMap;
use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};

use super::authority::{Authority, certificates_in};
use super::callers::RESERVED;
use super::credentials::{Certificate, Identity, Keys, identify};
use super::key_scope;
use crate::invalid::Problems;
use crate::names::{self, Names};
use crate::options::ListenerOptions;
use crate::partner_options::{Credential, Fingerprint, PartnerOptions};

/// All partners and groups of them.
#[derive(Debug, Default)]
pub(crate) struct Partners {
    names: HashMap<String, Arc<str>>,
    groups: HashMap<String, Vec<Arc<str>>>,
    by_cn: HashMap<String, Vec<CommonName>>,
    by_certificate: HashMap<[u8; 32], Arc<str>>,
    by_key: Keys,
    with_credentials: HashSet<Arc<str>>,
}

/// A common name, which is a partner's only where this authority vouches for it.
#[derive(Debug)]
struct CommonName {
    /// None: the one that all listeners ask.
    authority: Option<Arc<Authority>>,
    partner: Arc<str>,
}

impl Partners {
    /// The partners of these options, where these listeners ask for certificates; problems are noted.
    pub(crate) fn new(options: &[PartnerOptions], listeners: &[ListenerOptions], problems: &mut Problems) -> Self {
        let asked = authorities_of(listeners);
        let mut partners = Self::default();
        for (index, option) in options.iter().enumerate() {
            let name: Arc<str> = option.name.as_str().into();
            partners.names.insert(option.name.clone(), name.clone());
            for group in &option.groups {
                partners.groups.entry(group.clone()).or_default().push(name.clone());
            }
            if let Some(keys) = &option.keys {
                key_scope::check(keys, &format!("partners[{index}]"), problems);
            }
            for (place, credential) in option.credentials.iter().enumerate() {
                let key = format!("partners[{index}].{}", option.key_of(place));
                partners.with_credentials.insert(name.clone());
                if let Some(other) = partners.add(&name, credential, &key, &asked, problems) {
                    problems.note(key, format_args!("has a credential of partner {other:?}"));
                }
            }
        }
        check_names(options, problems);
        partners
    }

    /// Adds a credential of a partner; returns another partner that has it.
    fn add(
        &mut self,
        name: &Arc<str>,
        credential: &Credential,
        key: &str,
        asked: &BTreeSet<Vec<u8>>,
        problems: &mut Problems,
    ) -> Option<Arc<str>> {
        let other = match credential {
            Credential::SubjectCn { cn, ca } => {
                if cn.is_empty() {
                    problems.note(key, "needs a name, such as { subject_cn = \"shop-1\" }");
                }
                let authority = match ca.as_deref().map(Authority::new).transpose() {
                    Ok(authority) => authority.map(Arc::new),
                    Err(problem) => {
                        problems.note(format!("{key}.ca"), problem);
                        return None;
                    }
                };
                if authority.is_none() && asked.len() > 1 {
                    problems.note(
                        key,
                        format_args!(
                            "needs \"ca\", as the listeners' client_ca are {} authorities: the file of the one that \
                             vouches for {cn:?} would be right",
                            asked.len()
                        ),
                    );
                }
                let of = |authority: &Option<Arc<Authority>>| {
                    authority.as_ref().map_or(asked.clone(), |authority| authority.certificates().clone())
                };
                let same_cn = self.by_cn.entry(cn.clone()).or_default();
                // Of none, all that are asked for is meant, also where that is none so far.
                let shared = |known: &&CommonName| {
                    let (ours, theirs) = (of(&authority), of(&known.authority));
                    ours == theirs || !ours.is_disjoint(&theirs)
                };
                let other = same_cn.iter().find(shared).map(|known| known.partner.clone());
                same_cn.push(CommonName { authority, partner: name.clone() });
                other
            }
            Credential::Certificate(Fingerprint(hash)) => self.by_certificate.insert(*hash, name.clone()),
            Credential::ApiKey(Fingerprint(hash)) => {
                // Whoever sends the header without a value would be that partner.
                if *hash == <[u8; 32]>::from(Sha256::digest(b"")) {
                    problems.note(key, "is the SHA-256 of nothing, that of a long random key would be right");
                }
                self.by_key.insert(*hash, name.clone())
            }
        };
        other.filter(|other| other != name)
    }

    /// A partner by name.
    pub(crate) fn named(&self, name: &str) -> Option<Arc<str>> {
        self.names.get(name).cloned()
    }

    /// The partner, or the partners of the group, of this name.
    pub(crate) fn called(&self, name: &str) -> Vec<Arc<str>> {
        self.groups.get(name).cloned().unwrap_or_else(|| self.named(name).into_iter().collect())
    }

    /// Whether any of these has a credential, without which nobody can show to be one.
    pub(crate) fn can_show_any(&self, names: &HashSet<Arc<str>>) -> bool {
        !names.is_disjoint(&self.with_credentials)
    }

    /// The names of partners.
    pub(crate) fn names(&self) -> Names<'_> {
        Names::new("partner", sorted(self.names.keys()))
    }

    /// The names of partners and groups.
    pub(crate) fn known(&self) -> Names<'_> {
        Names::new("partner or group", sorted(self.names.keys().chain(self.groups.keys())))
    }

    /// What a client certificate says that a listener's authority vouches for; the chain is as the caller showed it, its
    /// own certificate first.
    pub(crate) fn certificate(&self, chain: &[CertificateDer<'_>]) -> Certificate {
        let Some(own) = chain.first() else { return Certificate::None };
        let hash: [u8; 32] = Sha256::digest(own).into();
        if let Some(name) = self.by_certificate.get(&hash) {
            return Certificate::Of(name.clone());
        }
        let known = common_name(own).and_then(|cn| self.by_cn.get(&cn));
        let vouched = |known: &&CommonName| known.authority.as_ref().is_none_or(|by| by.vouches_for(chain));
        let mut partners = known.into_iter().flatten().filter(vouched).map(|known| &known.partner);
        match partners.next() {
            // An authority and one below it may both be named; then which partner was meant is anyone's guess.
            Some(partner) if partners.all(|other| other == partner) => Certificate::Of(partner.clone()),
            _ => Certificate::Unknown,
        }
    }

    /// Who sent a request; partners' keys are taken out of its header fields.
    pub(crate) fn identify(&self, certificate: &Certificate, headers: &mut HeaderMap) -> Identity {
        identify(&self.by_key, certificate, headers)
    }
}

/// The certificates of all authorities that listeners ask to vouch for callers.
pub(crate) fn authorities_of(listeners: &[ListenerOptions]) -> BTreeSet<Vec<u8>> {
    let asking = listeners.iter().filter(|listener| listener.asks_for_certificates());
    asking.filter_map(|listener| listener.tls.as_ref()?.client_ca.as_deref()).flat_map(certificates_in).collect()
}

/// A group is no partner, and neither is called what `callers` has words for.
fn check_names(options: &[PartnerOptions], problems: &mut Problems) {
    for (index, option) in options.iter().enumerate() {
        let own = (format!("partners[{index}].name"), &*option.name);
        let groups = option.groups.iter().enumerate();
        let groups: Vec<_> =
            groups.map(|(place, group)| (format!("partners[{index}].groups[{place}]"), &**group)).collect();
        for (key, group) in &groups {
            if options.iter().any(|partner| partner.name == *group) {
                problems.note(key, format_args!("{group:?} is a partner's name, a group needs one of its own"));
            }
        }
        for (key, name) in groups.iter().chain([&own]) {
            if RESERVED.contains(name) {
                problems.note(key, format_args!("{name:?} is a word of \"callers\", another name would be right"));
            }
        }
        names::check(groups, problems);
    }
}

fn sorted<'n>(names: impl Iterator<Item = &'n String>) -> Vec<&'n str> {
    let mut names: Vec<&str> = names.map(String::as_str).collect();
    names.sort_unstable();
    names
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

    fn cn(cn: &str) -> Credential {
        Credential::SubjectCn { cn: cn.into(), ca: None }
    }

    fn partner(name: &str, credentials: Vec<Credential>) -> PartnerOptions {
        PartnerOptions { name: name.into(), credentials, ..PartnerOptions::default() }
    }

    fn told(options: &[PartnerOptions]) -> Vec<String> {
        let mut problems = Problems::default();
        Partners::new(options, &[], &mut problems);
        problems.into_list().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_credential_belongs_to_one_partner() {
        let with = |name: &str| partner(name, vec![cn("same"), cn("same")]);
        assert_eq!(told(&[with("a")]), [""; 0]);
        let twice = "has a credential of partner \"a\"";
        assert_eq!(
            told(&[with("a"), with("b")]),
            [
                format!("partners[1].credentials[0].certificate: {twice}"),
                format!("partners[1].credentials[1].certificate: {twice}")
            ]
        );
        let short = PartnerOptions { short_form: true, ..partner("b", vec![cn("same")]) };
        assert_eq!(told(&[with("a"), short]), [format!("partners[1].certificate: {twice}")]);
    }

    #[test]
    fn the_hash_of_nothing_is_no_credential() {
        let nothing = Credential::ApiKey(Fingerprint(Sha256::digest(b"").into()));
        let told = told(&[partner("a", vec![nothing])]);
        assert!(
            told[0].starts_with("partners[0].credentials[0].api_key_sha256: is the SHA-256 of nothing"),
            "{told:?}"
        );
    }

    #[test]
    fn a_common_name_is_not_empty() {
        let told = told(&[partner("a", vec![cn("")])]);
        assert!(told[0].starts_with("partners[0].credentials[0].certificate: needs a name"), "{told:?}");
    }

    #[test]
    fn a_group_is_no_partner_and_no_word_of_the_rules() {
        let with = |name: &str, groups: &[&str]| PartnerOptions {
            groups: groups.iter().map(|&group| group.into()).collect(),
            ..partner(name, vec![])
        };
        assert_eq!(told(&[with("a", &["tills"]), with("b", &["tills"])]), [""; 0]);
        let told = told(&[with("a", &["b", "anyone", "x y", "t", "t"]), with("b", &[]), with("partners", &[])]);
        let begins = [
            "partners[0].groups[0]: \"b\" is a partner's name",
            "partners[0].groups[1]: \"anyone\" is a word of \"callers\"",
            "partners[0].groups[2]: must be 1 to 64",
            "partners[0].groups[4]: \"t\" stands twice",
            "partners[2].name: \"partners\" is a word of \"callers\"",
        ];
        assert_eq!(told.len(), begins.len(), "{told:#?}");
        for (told, begin) in told.iter().zip(begins) {
            assert!(told.starts_with(begin), "{told} is not {begin}");
        }
    }
}
