//! A route's rule about who may call.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Identity, Partners};
use crate::invalid::Problems;
use crate::options::{Callers, RouteOptions};
use crate::problem::Problem;

/// Who may call a route.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    /// The partners that may; none: all of them.
    among: Option<HashSet<Arc<str>>>,
    without_credential: WithoutCredential,
}

/// What becomes of a caller without credentials on a route.
#[derive(Clone, Debug, PartialEq, Eq)]
enum WithoutCredential {
    /// It is refused, as is one whose credentials are no partner's.
    Refused,
    /// It is this partner; one whose credentials are no partner's is refused.
    Partner(Arc<str>),
    /// It passes unnamed. What stands in the headers of such a request may be meant for the upstream.
    Unnamed,
}

impl Access {
    /// The rule of a route, whose key is given; problems are noted.
    pub(crate) fn of(option: &RouteOptions, key: &str, partners: &Partners, problems: &mut Problems) -> Self {
        let known = partners.known();
        let among = match &option.callers {
            Callers::Partners | Callers::Anyone => None,
            Callers::Named(names) => {
                if names.is_empty() {
                    problems.note(format!("{key}.callers"), "names nobody; \"partners\" would be all of them");
                }
                for (index, name) in names.iter().enumerate() {
                    let key = format!("{key}.callers[{index}]");
                    if RESERVED.contains(&&**name) {
                        problems.note(key, format_args!("is no name, callers = {name:?} would be right"));
                    } else {
                        known.find(name, || key, problems);
                    }
                }
                let among: HashSet<_> = names.iter().flat_map(|name| partners.called(name)).collect();
                if option.partner.is_none() && !among.is_empty() && !partners.can_show_any(&among) {
                    let problem = "names only partners without credentials, so nobody could call; partner = \"…\" would \
                                   say who callers without credentials are";
                    problems.note(format!("{key}.callers"), problem);
                }
                Some(among)
            }
        };
        let partner = option.partner.as_deref().and_then(|name| {
            partners.names().find(name, || format!("{key}.partner"), problems);
            partners.named(name)
        });
        let without_credential = match (&option.callers, partner) {
            (Callers::Anyone, partner) => {
                if partner.is_some() {
                    let problem = "names who callers without credentials are, and callers = \"anyone\" lets them pass \
                                   unnamed; one of the two would be right";
                    problems.note(format!("{key}.partner"), problem);
                }
                WithoutCredential::Unnamed
            }
            (_, Some(partner)) => {
                if among.as_ref().is_some_and(|among| !among.contains(&partner)) {
                    let problem = format_args!("{partner:?} is not among the callers of this route");
                    problems.note(format!("{key}.partner"), problem);
                }
                WithoutCredential::Partner(partner)
            }
            (_, None) => WithoutCredential::Refused,
        };
        Self { among, without_credential }
    }

    /// The partner that this caller counts as on the route of this name; none where the route lets it pass unnamed.
    pub(crate) fn admit(&self, route: &str, identity: &Identity) -> Result<Option<Arc<str>>, Problem> {
        match identity {
            Identity::Several => Err(Problem::TwoPartners),
            Identity::Ambiguous => Err(Problem::CredentialAmbiguous),
            Identity::Partner(partner) => match &self.among {
                Some(among) if !among.contains(partner) => {
                    Err(Problem::NotAmongCallers { partner: partner.clone(), route: route.to_owned() })
                }
                _ => Ok(Some(partner.clone())),
            },
            _ if self.is_for_anyone() => Ok(None),
            Identity::UnknownKey => Err(Problem::UnknownKey),
            Identity::UnknownCertificate => Err(Problem::UnknownCertificate),
            Identity::Nobody => match &self.without_credential {
                WithoutCredential::Partner(partner) => Ok(Some(partner.clone())),
                _ => Err(Problem::NoCredential),
            },
        }
    }

    /// Whether callers pass whose credentials are missing or no partner's.
    pub(crate) fn is_for_anyone(&self) -> bool {
        self.without_credential == WithoutCredential::Unnamed
    }

    /// A rule for partners alone, all of them.
    #[cfg(test)]
    pub(crate) fn partners() -> Self {
        Self { among: None, without_credential: WithoutCredential::Refused }
    }
}

/// The words that `callers` has besides names, which therefore no partner or group may have.
pub(crate) const RESERVED: [&str; 2] = ["partners", "anyone"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partner_options::{Credential, PartnerOptions};

    fn partners() -> Partners {
        let partner = |name: &str, groups: &[&str]| PartnerOptions {
            name: name.into(),
            groups: groups.iter().map(|&group| group.into()).collect(),
            credentials: if name == "unknown" {
                vec![]
            } else {
                vec![Credential::SubjectCn { cn: name.into(), ca: None }]
            },
            ..PartnerOptions::default()
        };
        let options = [
            partner("till", &["tills", "all"]),
            partner("till-2", &["tills"]),
            partner("shop", &["all"]),
            partner("unknown", &["strangers"]),
        ];
        Partners::new(&options, &[], &mut Problems::default())
    }

    fn rule(callers: Callers, partner: Option<&str>) -> (Access, Vec<String>) {
        let option = RouteOptions { callers, partner: partner.map(Into::into), ..RouteOptions::default() };
        let mut problems = Problems::default();
        let access = Access::of(&option, "routes[0]", &partners(), &mut problems);
        (access, problems.into_list().iter().map(ToString::to_string).collect())
    }

    fn named(names: &[&str]) -> Callers {
        Callers::Named(names.iter().map(|&name| name.into()).collect())
    }

    fn admitted(access: &Access, identity: &Identity) -> Result<Option<String>, u16> {
        match access.admit("r", identity) {
            Ok(partner) => Ok(partner.map(|partner| partner.to_string())),
            Err(problem) => Err(problem.refusal().status),
        }
    }

    #[test]
    fn unless_a_route_says_otherwise_partners_alone_may_call() {
        let (access, problems) = rule(Callers::default(), None);
        assert_eq!(problems, [""; 0]);
        assert_eq!(admitted(&access, &Identity::Partner("shop".into())), Ok(Some("shop".into())));
        for identity in [Identity::Nobody, Identity::UnknownKey, Identity::UnknownCertificate] {
            assert_eq!(admitted(&access, &identity), Err(401), "{identity:?}");
        }
        assert_eq!(admitted(&access, &Identity::Several), Err(403));
        assert_eq!(admitted(&access, &Identity::Ambiguous), Err(400));
    }

    #[test]
    fn a_list_has_partners_and_groups_and_who_is_not_in_it_hears_of_the_rule() {
        let (access, problems) = rule(named(&["tills", "shop"]), None);
        assert_eq!(problems, [""; 0]);
        for name in ["till", "till-2", "shop"] {
            assert_eq!(admitted(&access, &Identity::Partner(name.into())), Ok(Some(name.into())));
        }
        let (access, _) = rule(named(&["tills"]), None);
        let refusal = access.admit("orders", &Identity::Partner("shop".into())).unwrap_err().refusal();
        assert_eq!((refusal.status, &*refusal.code), (403, "caller-not-allowed"));
        assert!(refusal.detail.contains("\"orders\"") && refusal.detail.contains("callers"), "{}", refusal.detail);
        assert_eq!(admitted(&access, &Identity::Nobody), Err(401));
    }

    #[test]
    fn a_wrong_credential_is_never_the_partner_of_those_without() {
        let (access, _) = rule(Callers::Partners, Some("till"));
        assert_eq!(admitted(&access, &Identity::Nobody), Ok(Some("till".into())));
        assert_eq!(admitted(&access, &Identity::UnknownKey), Err(401));
        assert_eq!(admitted(&access, &Identity::UnknownCertificate), Err(401));
    }

    #[test]
    fn where_anyone_may_call_only_partners_have_a_name() {
        let (access, _) = rule(Callers::Anyone, None);
        assert_eq!(admitted(&access, &Identity::Partner("shop".into())), Ok(Some("shop".into())));
        for identity in [Identity::Nobody, Identity::UnknownKey, Identity::UnknownCertificate] {
            assert_eq!(admitted(&access, &identity), Ok(None), "{identity:?}");
        }
        assert_eq!(admitted(&access, &Identity::Several), Err(403));
        assert_eq!(admitted(&access, &Identity::Ambiguous), Err(400));
    }

    #[test]
    fn a_rule_that_contradicts_itself_or_names_strangers_is_told() {
        let told = |callers, partner| rule(callers, partner).1.join("\n");
        assert!(told(named(&[]), None).starts_with("routes[0].callers: names nobody"));
        assert!(
            told(named(&["shopp"]), None)
                .starts_with("routes[0].callers[0]: there is no partner or group \"shopp\", known: \"shop\"")
        );
        assert!(told(named(&["anyone"]), None).starts_with("routes[0].callers[0]: is no name, callers = \"anyone\""));
        assert!(
            told(named(&["strangers"]), None).starts_with("routes[0].callers: names only partners without credentials")
        );
        assert_eq!(told(named(&["unknown"]), Some("unknown")), "");
        assert_eq!(told(named(&["unknown", "shop"]), None), "");
        assert!(told(named(&["all"]), Some("till-2")).starts_with("routes[0].partner: \"till-2\" is not among"));
        assert!(told(Callers::Anyone, Some("till")).starts_with("routes[0].partner: names who callers without"));
        assert!(told(Callers::Partners, Some("tills")).starts_with("routes[0].partner: there is no partner \"tills\""));
    }
}
