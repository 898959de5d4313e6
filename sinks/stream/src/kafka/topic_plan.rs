//! What the settings of a topic must be, and what a new one is given.

use rdkafka::admin::{ConfigEntry, ConfigResource, ConfigSource};

use super::options::KafkaOptions;
use crate::limits::KAFKA_MESSAGE_BYTES;
use crate::port::{Retention, StreamError};

const DAY_MILLIS: i64 = 86_400_000;
const CLEANUP: &str = "cleanup.policy";
const RETENTION: &str = "retention.ms";
const RETENTION_BYTES: &str = "retention.bytes";

const IN_SYNC: &str = "min.insync.replicas";
const UNCLEAN: &str = "unclean.leader.election.enable";
/// From so many replicas on a record must be with two before it counts as appended.
const MANY_REPLICAS: usize = 3;

/// For a new topic of sums alone. A closed segment is what Kafka compacts, and one stays open for a week by default; then a
/// partition is due when half of it is old, which one of a few rows may never come to. What a new owner of a partition reads
/// stays near what there is.
const COMPACTION: [(&str, &str); 3] =
    [("segment.ms", "3600000"), ("min.cleanable.dirty.ratio", "0.2"), ("max.compaction.lag.ms", "86400000")];

/// A topic and what its settings must be.
pub(super) struct TopicPlan {
    pub(super) name: String,
    settings: Vec<(&'static str, Must)>,
    /// Given to a new topic alone.
    extra: &'static [(&'static str, &'static str)],
}

/// What a setting of a topic must be.
enum Must {
    Be(&'static str),
    BeAtLeast(i64),
    /// Kafka may prune what is too old to be asked for, and need not: a topic that was made with `compact` alone keeps more.
    /// `delete` alone would take the rows of a day that can still change, since a row is written only when it changes.
    Compact,
    /// -1 is without limit.
    Keep(Retention),
}

/// A topic that keeps its records as long as an earlier configuration had to.
pub(super) struct TooShort {
    pub(super) name: String,
    pub(super) is: String,
    pub(super) wanted: String,
    /// All settings of its own, as they must be. None when one of them is hidden, so that it cannot be given back.
    pub(super) settings: Option<Vec<(String, String)>>,
}

/// The log, the topic of sums, the dead letters.
pub(super) fn plans(options: &KafkaOptions, retention: Retention) -> [TopicPlan; 3] {
    let plan = |name: &String, cleanup: Must, extra: &'static [(&'static str, &'static str)]| TopicPlan {
        name: name.clone(),
        settings: vec![
            ("message.timestamp.type", Must::Be("LogAppendTime")),
            (CLEANUP, cleanup),
            (RETENTION, Must::Keep(retention)),
            (RETENTION_BYTES, Must::Be("-1")),
            ("max.message.bytes", Must::BeAtLeast(i64::from(KAFKA_MESSAGE_BYTES))),
        ],
        extra,
    };
    [
        plan(&options.topic, Must::Be("delete"), &[]),
        plan(&options.sums_topic, Must::Compact, &COMPACTION),
        plan(&options.dead_letters_topic, Must::Be("delete"), &[]),
    ]
}

impl TopicPlan {
    /// The settings of a new topic.
    pub(super) fn given(&self, copies: i32) -> Vec<(&'static str, String)> {
        let value = |must: &Must| match must {
            Must::Be(value) => (*value).to_owned(),
            Must::BeAtLeast(least) => least.to_string(),
            Must::Compact => "compact,delete".to_owned(),
            Must::Keep(retention) => millis(retention.days()).to_string(),
        };
        let mut given: Vec<_> = self.settings.iter().map(|(setting, must)| (*setting, value(must))).collect();
        given.extend(self.extra.iter().map(|(setting, value)| (*setting, (*value).to_owned())));
        let copies = usize::try_from(copies).unwrap_or_default();
        given.extend(lasting(copies).map(|(setting, right, _)| (setting, right.to_owned())));
        given
    }

    /// Whether the topic is as it must be, but for a retention that is ours to raise.
    pub(super) fn check(&self, topic: &ConfigResource) -> Result<Option<TooShort>, StreamError> {
        let name = &self.name;
        if topic.entries.is_empty() {
            return Err(StreamError::Refused(format!(
                "topic {name}: its settings cannot be read; the user needs the right to describe them"
            )));
        }
        let deletes = value(topic, CLEANUP).split(',').any(|policy| policy.trim() == "delete");
        let mut short = None;
        for (setting, must) in &self.settings {
            // What is not pruned is kept whatever these say.
            if !deletes && [RETENTION, RETENTION_BYTES].contains(setting) {
                continue;
            }
            let value = value(topic, setting);
            let Some(right) = must.unlike(value) else { continue };
            match must {
                Must::Keep(retention) if topic.get(setting).is_some_and(|entry| is_ours(entry, *retention)) => {
                    short = Some(self.too_short(topic, *retention));
                }
                _ => {
                    return Err(StreamError::Refused(format!("topic {name}: {setting} is {value}, must be {right}")));
                }
            }
        }
        Ok(short)
    }

    /// What loses acknowledged records of a topic with so many replicas when a broker is lost, one sentence each. Where a
    /// broker knows no such setting there is nothing to say.
    pub(super) fn losses(&self, topic: &ConfigResource, replicas: usize) -> Vec<String> {
        let loss = |(setting, right, why): (&str, &str, &str)| {
            let value = topic.get(setting)?.value.as_deref()?;
            let is_right = match (value.parse::<i64>(), right.parse::<i64>()) {
                (Ok(value), Ok(least)) => value >= least,
                _ => value == right,
            };
            let name = &self.name;
            (!is_right).then(|| format!("topic {name}: {setting} is {value}, must be {right}: {why}"))
        };
        lasting(replicas).filter_map(loss).collect()
    }

    fn too_short(&self, topic: &ConfigResource, retention: Retention) -> TooShort {
        let wanted = millis(retention.days()).to_string();
        let own = topic.entries.iter().filter(|entry| entry.source == ConfigSource::DynamicTopic);
        let given_back = |entry: &ConfigEntry| {
            let value = if entry.name == RETENTION { Some(wanted.clone()) } else { entry.value.clone() };
            value.map(|value| (entry.name.clone(), value))
        };
        TooShort {
            name: self.name.clone(),
            is: value(topic, RETENTION).to_owned(),
            settings: own.map(given_back).collect(),
            wanted,
        }
    }
}

impl TooShort {
    /// It has to be raised, and we cannot.
    pub(super) fn not_raised(&self, why: &str) -> StreamError {
        let Self { name, is, wanted, .. } = self;
        StreamError::Refused(format!(
            "topic {name}: {RETENTION} is {is}, must be at least {wanted} with this stream.lag_days, and cannot be raised: \
             {why}; raise it by hand, or grant the right to alter the topic's settings"
        ))
    }
}

impl Must {
    /// What would be right, where this value is not.
    fn unlike(&self, value: &str) -> Option<String> {
        let number = value.parse::<i64>().ok();
        match self {
            Self::Be(right) => (value != *right).then(|| (*right).to_owned()),
            Self::BeAtLeast(least) => (number < Some(*least)).then(|| format!("at least {least}")),
            Self::Compact => {
                let mut policies: Vec<&str> = value.split(',').map(str::trim).collect();
                policies.sort_unstable();
                let right = [&["compact"][..], &["compact", "delete"]].contains(&&*policies);
                (!right).then(|| "compact,delete, or compact".to_owned())
            }
            Self::Keep(retention) => {
                let Retention { fold_days, lag_days } = retention;
                let least = millis(retention.days());
                (number != Some(-1) && number < Some(least)).then(|| {
                    format!(
                        "at least {least}, or -1 for no limit: {fold_days} days that sums are made of, and {lag_days} of \
                         stream.lag_days"
                    )
                })
            }
        }
    }
}

/// What the settings must be so that no record is lost that was acknowledged, each with why: a number is the least.
fn lasting(replicas: usize) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let in_sync =
        (IN_SYNC, "2", "with this many replicas a record may be with a single one of them when it counts as appended");
    let unclean = (UNCLEAN, "false", "a broker that lacks records could lead, and they would be gone");
    [in_sync].into_iter().filter(move |_| replicas >= MANY_REPLICAS).chain([unclean])
}

/// Whether the retention was given by an earlier configuration of ours, which gives whole days and never less than a fold
/// looks back. Anything else was chosen by somebody, or is the brokers' default.
fn is_ours(entry: &ConfigEntry, retention: Retention) -> bool {
    let millis_of = entry.value.as_deref().and_then(|value| value.parse::<i64>().ok()).unwrap_or_default();
    entry.source == ConfigSource::DynamicTopic
        && millis_of % DAY_MILLIS == 0
        && millis_of >= millis(retention.fold_days)
}

fn value<'a>(topic: &'a ConfigResource, setting: &str) -> &'a str {
    topic.get(setting).and_then(|entry| entry.value.as_deref()).unwrap_or_default()
}

fn millis(days: u32) -> i64 {
    i64::from(days) * DAY_MILLIS
}

#[cfg(test)]
mod tests {

    use rdkafka::admin::OwnedResourceSpecifier;

    use super::*;

    const RETENTION_WANTED: Retention = Retention { fold_days: 15, lag_days: 7 };

    fn sums() -> TopicPlan {
        let [_, sums, _] = plans(&KafkaOptions::of_nobody(), RETENTION_WANTED);
        sums
    }

    fn topic(changed: &[(&str, Option<&str>, ConfigSource)]) -> ConfigResource {
        let entry = |name: &str, value: Option<&str>, source| ConfigEntry {
            name: name.to_owned(),
            value: value.map(str::to_owned),
            source,
            is_read_only: false,
            is_default: false,
            is_sensitive: value.is_none(),
        };
        let given = sums().given(1);
        let own = given.iter().filter(|(name, _)| changed.iter().all(|(changed, ..)| changed != name));
        let own = own.map(|(name, value)| entry(name, Some(value), ConfigSource::DynamicTopic));
        let changed = changed.iter().map(|(name, value, source)| match source {
            ConfigSource::Default => entry(name, *value, ConfigSource::Default),
            _ => entry(name, *value, ConfigSource::DynamicTopic),
        });
        let entries = own.chain(changed).collect();
        ConfigResource { specifier: OwnedResourceSpecifier::Topic("sums".into()), entries }
    }

    fn own<'a>(name: &'a str, value: &'a str) -> (&'a str, Option<&'a str>, ConfigSource) {
        (name, Some(value), ConfigSource::DynamicTopic)
    }

    fn outcome(changed: &[(&str, Option<&str>, ConfigSource)]) -> String {
        match sums().check(&topic(changed)) {
            Ok(None) => "right".to_owned(),
            Ok(Some(short)) => format!("raised from {} to {}", short.is, short.wanted),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_topic_of_sums_is_compacted_and_may_be_pruned_when_all_its_days_are_over() {
        for right in ["compact", "compact,delete", "delete,compact", "compact, delete"] {
            assert_eq!(outcome(&[own(CLEANUP, right)]), "right", "{right}");
        }
        assert_eq!(outcome(&[own(CLEANUP, "compact"), own(RETENTION, "1"), own(RETENTION_BYTES, "1")]), "right");
        for wrong in ["delete", ""] {
            assert!(outcome(&[own(CLEANUP, wrong)]).contains("must be compact,delete, or compact"), "{wrong}");
        }
        assert!(outcome(&[own(RETENTION_BYTES, "1")]).contains("retention.bytes is 1, must be -1"));
    }

    #[test]
    fn a_retention_of_an_earlier_configuration_alone_is_raised() {
        let days = |days: i64| (days * DAY_MILLIS).to_string();
        for (value, raised) in [(days(15), true), (days(21), true), (days(14), false), (days(16) + "1", false)] {
            let told = outcome(&[own(RETENTION, &value)]);
            assert_eq!(told == format!("raised from {value} to 1900800000"), raised, "{told}");
        }
        for right in [&days(22), &days(400), "-1"] {
            assert_eq!(outcome(&[own(RETENTION, right)]), "right");
        }
        // The same figure is nobody's word on this topic when it comes from the brokers.
        let inherited = outcome(&[(RETENTION, Some(&days(15)), ConfigSource::Default)]);
        assert!(inherited.contains("must be at least 1900800000"), "{inherited}");
    }

    #[test]
    fn a_setting_that_is_hidden_is_not_lost_by_raising() {
        let short = own(RETENTION, "1296000000");
        let seen = sums().check(&topic(&[short, own("segment.ms", "5")])).unwrap().unwrap();
        let settings = seen.settings.unwrap();
        assert!(settings.contains(&("segment.ms".into(), "5".into())), "{settings:?}");
        assert!(settings.contains(&(RETENTION.into(), "1900800000".into())), "{settings:?}");
        let short = own(RETENTION, "1296000000");
        let hidden = sums().check(&topic(&[short, ("secret", None, ConfigSource::DynamicTopic)])).unwrap().unwrap();
        assert!(hidden.settings.is_none());
    }

    #[test]
    fn acknowledged_records_outlive_a_broker_or_the_topic_is_named() {
        let losses = |changed: &[_], replicas| sums().losses(&topic(changed), replicas);
        let none: [String; 0] = [];
        assert_eq!(losses(&[own(IN_SYNC, "2"), own(UNCLEAN, "false")], 3), none);
        assert_eq!(losses(&[own(IN_SYNC, "1"), own(UNCLEAN, "false")], 2), none);
        for (found, told) in [
            (losses(&[own(IN_SYNC, "1")], 3), "topic sums: min.insync.replicas is 1, must be 2"),
            (losses(&[own(UNCLEAN, "true")], 1), "topic sums: unclean.leader.election.enable is true, must be false"),
        ] {
            assert!(found.len() == 1 && found[0].starts_with(told), "{found:?}");
        }
        let inherited = losses(&[(IN_SYNC, Some("1"), ConfigSource::Default)], 3);
        assert_eq!(inherited.len(), 1, "whoever chose it");
        assert!(sums().given(3).contains(&(IN_SYNC, "2".to_owned())));
        assert!(!sums().given(2).iter().any(|(setting, _)| *setting == IN_SYNC));
        assert!(sums().given(-1).contains(&(UNCLEAN, "false".to_owned())));
    }

    #[test]
    fn settings_that_cannot_be_read_are_told_as_such() {
        let nothing = ConfigResource { specifier: OwnedResourceSpecifier::Topic("sums".into()), entries: Vec::new() };
        let told = sums().check(&nothing).err().unwrap().to_string();
        assert!(told.contains("topic sums: its settings cannot be read"), "{told}");
    }
}
