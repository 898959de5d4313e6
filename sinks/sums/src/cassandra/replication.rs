//! How many replicas of a row a keyspace has, and whether a reader meets what a writer wrote.

use super::bad_option::BadOption;
use super::consistency::Consistency;

/// How a keyspace is replicated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Replication {
    /// So many replicas, wherever they are.
    Plain(u32),
    /// So many in each data centre, by its name.
    DataCentres(Vec<(String, u32)>),
    /// A class of which we do not know what its settings mean.
    Unknown(String),
}

impl Replication {
    /// Reads Cassandra's own map: `class`, and the factor or factors.
    pub(super) fn read<'a>(map: impl IntoIterator<Item = &'a (String, String)>) -> Result<Self, BadOption> {
        let (classes, settings): (Vec<_>, Vec<_>) = map.into_iter().partition(|(name, _)| name == "class");
        let class = classes.first().map(|(_, class)| class.rsplit('.').next().unwrap_or(class)).unwrap_or_default();
        let mut factors = Vec::new();
        if !["SimpleStrategy", "NetworkTopologyStrategy"].contains(&class) {
            return Ok(Self::Unknown(class.to_owned()));
        }
        for (name, value) in settings {
            // Of "3/1", the 1 are transient among the 3.
            let factor = value.split('/').next().and_then(|factor| factor.trim().parse::<u32>().ok());
            let Some(factor) = factor else {
                let problem = format!("{value:?} is no number of replicas, 3 would be right");
                return Err(BadOption { option: format!("replication.{name}"), problem });
            };
            factors.push((name.clone(), factor));
        }
        Ok(match class {
            "SimpleStrategy" => Self::Plain(factors.iter().map(|(_, factor)| factor).sum()),
            _ => Self::DataCentres(factors),
        })
    }

    /// Refuses a consistency with which a reader can miss what a writer wrote: twice the replicas that answer must be more
    /// than there are.
    pub(super) fn check(
        &self,
        keyspace: &str,
        consistency: Consistency,
        datacenter: Option<&str>,
    ) -> Result<(), BadOption> {
        let refused = |option: &str, problem: String| Err(BadOption { option: option.to_owned(), problem });
        let local = consistency.is_local();
        if let Self::DataCentres(factors) = self
            && local
        {
            let with_replicas = || factors.iter().filter(|(_, factor)| *factor > 0).map(|(name, _)| &**name);
            let names = || with_replicas().collect::<Vec<_>>().join(", ");
            match datacenter {
                None if with_replicas().count() > 1 => {
                    return refused(
                        "datacenter",
                        format!(
                            "is missing: {consistency} holds within one data centre, keyspace {keyspace} has replicas in {}, \
                             and the one of these processes would be right",
                            names()
                        ),
                    );
                }
                Some(datacenter) if !with_replicas().any(|name| [datacenter, EACH].contains(&name)) => {
                    return refused(
                        "datacenter",
                        format!(
                            "{datacenter:?} has no replicas of keyspace {keyspace}, those that have are {}",
                            names()
                        ),
                    );
                }
                _ => {}
            }
        }
        let Some(answers) = consistency.answers() else { return Ok(()) };
        let would_be_right = if local { "LOCAL_QUORUM" } else { "QUORUM, or LOCAL_QUORUM within a data centre," };
        let replicas = match self {
            Self::Plain(factor) => *factor,
            Self::DataCentres(factors) => {
                let here =
                    |name: &String| datacenter.as_ref().is_none_or(|datacenter| [datacenter, EACH].contains(&&**name));
                let factors_of = factors.iter().filter(|(name, _)| !local || here(name)).map(|(_, factor)| *factor);
                if local { factors_of.max().unwrap_or_default() } else { factors_of.sum() }
            }
            Self::Unknown(class) => {
                return refused(
                    "consistency",
                    format!(
                        "{consistency} may not be enough for keyspace {keyspace}, whose replicas {class} places: \
                         {would_be_right} would be right"
                    ),
                );
            }
        };
        if 2 * answers > replicas {
            return Ok(());
        }
        refused(
            "consistency",
            format!(
                "{consistency} lets readers miss what was written, as keyspace {keyspace} has {replicas} replicas{}: \
                 {would_be_right} would be right",
                if local && matches!(self, Self::DataCentres(_)) { " in a data centre" } else { "" }
            ),
        )
    }
}

/// What stands in the place of a data centre's name for all that the cluster has.
const EACH: &str = "replication_factor";

#[cfg(test)]
mod tests {
    use super::*;

    fn replication(map: &[(&str, &str)]) -> Vec<(String, String)> {
        map.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn checked(map: &[(&str, &str)], consistency: &str, datacenter: Option<&str>) -> Result<(), String> {
        let read = Replication::read(&replication(map));
        let checked = read.and_then(|read| read.check("tallygate", consistency.parse().unwrap(), datacenter));
        checked.map_err(|bad| bad.to_string())
    }

    #[test]
    fn a_consistency_holds_when_twice_the_answers_are_more_than_the_replicas() {
        // The most replicas with which it holds.
        for (consistency, most) in
            [("ONE", 1), ("LOCAL_ONE", 1), ("TWO", 3), ("THREE", 5), ("QUORUM", 9), ("LOCAL_QUORUM", 9), ("ALL", 9)]
        {
            for factor in 1..=9 {
                let factor_text = factor.to_string();
                let simple = [("class", "SimpleStrategy"), ("replication_factor", &*factor_text)];
                let network =
                    [("class", "org.apache.cassandra.locator.NetworkTopologyStrategy"), ("dc1", &*factor_text)];
                for map in [simple, network] {
                    let checked = checked(&map, consistency, None);
                    assert_eq!(checked.is_ok(), factor <= most, "{consistency} of {factor}: {checked:?}");
                }
            }
        }
    }

    #[test]
    fn across_data_centres_all_replicas_count_and_within_one_its_own() {
        let two = [("class", "NetworkTopologyStrategy"), ("dc1", "1"), ("dc2", "1")];
        let uneven = [("class", "NetworkTopologyStrategy"), ("dc1", "1"), ("dc2", "3")];
        let each = [("class", "NetworkTopologyStrategy"), ("replication_factor", "3")];
        for (map, consistency, datacenter, right) in [
            (&two[..], "ONE", None, false),
            (&two, "TWO", None, true),
            (&two, "LOCAL_ONE", Some("dc1"), true),
            (&two, "LOCAL_ONE", None, false),
            (&two, "LOCAL_QUORUM", None, false),
            (&two, "LOCAL_QUORUM", Some("dc2"), true),
            (&two, "LOCAL_QUORUM", Some("dc3"), false),
            (&two, "QUORUM", None, true),
            (&uneven, "TWO", None, false),
            (&uneven, "LOCAL_ONE", Some("dc1"), true),
            (&uneven, "LOCAL_ONE", Some("dc2"), false),
            (&each, "LOCAL_QUORUM", Some("dc1"), true),
            (&each, "LOCAL_ONE", Some("dc1"), false),
            (&each, "TWO", None, true),
        ] {
            let checked = checked(map, consistency, datacenter);
            assert_eq!(checked.is_ok(), right, "{map:?} {consistency} {datacenter:?}: {checked:?}");
        }
    }

    #[test]
    fn what_is_refused_is_named_with_what_would_be_right() {
        let three = [("class", "SimpleStrategy"), ("replication_factor", "3")];
        assert_eq!(
            checked(&three, "ONE", None).unwrap_err(),
            "consistency: ONE lets readers miss what was written, as keyspace tallygate has 3 replicas: QUORUM, or \
             LOCAL_QUORUM within a data centre, would be right"
        );
        let three = [("class", "NetworkTopologyStrategy"), ("dc1", "3/1"), ("dc2", "2")];
        assert_eq!(
            checked(&three, "LOCAL_ONE", Some("dc1")).unwrap_err(),
            "consistency: LOCAL_ONE lets readers miss what was written, as keyspace tallygate has 3 replicas in a data \
             centre: LOCAL_QUORUM would be right"
        );
        assert_eq!(
            checked(&three, "LOCAL_QUORUM", None).unwrap_err(),
            "datacenter: is missing: LOCAL_QUORUM holds within one data centre, keyspace tallygate has replicas in dc1, \
             dc2, and the one of these processes would be right"
        );
        let odd = [("class", "SimpleStrategy"), ("replication_factor", "three")];
        assert!(checked(&odd, "QUORUM", None).unwrap_err().starts_with("replication.replication_factor: \"three\""));
        let everywhere = [("class", "EverywhereStrategy")];
        assert_eq!(checked(&everywhere, "QUORUM", None), Ok(()));
        assert!(checked(&everywhere, "ONE", None).unwrap_err().contains("EverywhereStrategy"));
    }
}
