//! The keys that partners are bound to: nobody adds to another's sums.

use std::collections::{HashMap, HashSet};

use tallygate_core::{Transaction, Violation, transaction};

use crate::invalid::Problems;
use crate::partner_options::{KeyOptions, PartnerOptions};

/// Which keys each partner may count under; a partner that is not in it may count under all.
#[derive(Debug, Default)]
pub struct KeyScopes(HashMap<String, KeyScope>);

/// The keys of one partner.
#[derive(Debug)]
struct KeyScope {
    exact: HashSet<String>,
    prefix: Vec<String>,
}

impl KeyScopes {
    /// The scopes of these partners.
    #[must_use]
    pub fn of(partners: &[PartnerOptions]) -> Self {
        let scope = |partner: &PartnerOptions| {
            let KeyOptions { exact, prefix } = partner.keys.clone()?;
            Some((partner.name.clone(), KeyScope { exact: exact.into_iter().collect(), prefix }))
        };
        Self(partners.iter().filter_map(scope).collect())
    }

    /// Refuses what lies outside a partner's scope.
    ///
    /// # Errors
    /// The first transaction with another key.
    pub fn check(&self, partner: &str, transactions: &[Transaction]) -> Result<(), Violation> {
        let Some(scope) = self.0.get(partner) else { return Ok(()) };
        match transactions.iter().enumerate().find(|(_, transaction)| !scope.has(&transaction.key)) {
            None => Ok(()),
            Some((place, transaction)) => Err(Violation {
                field: format!("transactions/{place}/key"),
                problem: format!("must be one of partner {partner:?}'s own keys, is {:?}", transaction.key),
            }),
        }
    }
}

impl KeyScope {
    fn has(&self, key: &str) -> bool {
        self.exact.contains(key) || self.prefix.iter().any(|prefix| key.starts_with(&**prefix))
    }
}

/// Notes keys that no transaction has, and scopes that are none; the key is that of the partner.
pub(crate) fn check(options: &KeyOptions, partner: &str, problems: &mut Problems) {
    if options.exact.is_empty() && options.prefix.is_empty() {
        let problem = "has no key, so nothing of this partner would count; without \"keys\" it may have any";
        problems.note(format!("{partner}.keys"), problem);
    }
    for (list, keys) in [("exact", &options.exact), ("prefix", &options.prefix)] {
        for (index, key) in keys.iter().enumerate() {
            if let Err(problem) = transaction::name(key) {
                problems.note(format!("{partner}.keys.{list}[{index}]"), problem);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tallygate_core::Draft;

    use super::*;

    fn transactions(keys: &[&str]) -> Vec<Transaction> {
        let draft = |(id, key): (usize, &&str)| Draft {
            id: id.to_string(),
            time: "2026-11-22T10:00:00Z".into(),
            key: (*key).into(),
            amount: "1".into(),
            currency: "EUR".into(),
            kind: "sale".into(),
            ..Draft::default()
        };
        let drafts = keys.iter().enumerate().map(draft).collect();
        Transaction::check_all(drafts, "p", &"UTC".parse().unwrap()).unwrap()
    }

    #[test]
    fn a_partner_counts_under_its_own_keys_alone() {
        let keys = KeyOptions { exact: vec!["HR1".into()], prefix: vec!["shop-1/".into()] };
        let bound = PartnerOptions { name: "bound".into(), keys: Some(keys), ..PartnerOptions::default() };
        let scopes = KeyScopes::of(&[bound, PartnerOptions { name: "free".into(), ..PartnerOptions::default() }]);
        assert_eq!(scopes.check("bound", &transactions(&["HR1", "shop-1/a", "shop-1/"])), Ok(()));
        assert_eq!(scopes.check("free", &transactions(&["HR12"])), Ok(()));
        for other in ["HR12", "HR", "hr1", "shop-1", "xshop-1/a"] {
            let violation = scopes.check("bound", &transactions(&["HR1", other])).unwrap_err();
            assert_eq!(violation.field, "transactions/1/key");
            assert!(violation.problem.contains(&format!("is {other:?}")), "{violation}");
        }
    }
}
