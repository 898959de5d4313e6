//! What the operator chooses of Kafka, and which of librdkafka's settings are not his to choose.

use std::collections::BTreeMap;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::BaseConsumer;
use rdkafka::error::KafkaResult;

use super::client_errors::reason;
use crate::port::Topic;

/// How Kafka is reached and what it holds.
#[derive(Clone, Debug)]
pub struct KafkaOptions {
    /// `host:port` of some of the brokers.
    pub brokers: Vec<String>,
    /// The topic of the transactions.
    pub topic: String,
    /// The compacted topic of the daily sums.
    pub sums_topic: String,
    /// The topic of the dead letters.
    pub dead_letters_topic: String,
    /// Partitions of each topic.
    pub partitions: u32,
    /// Copies of each partition, of topics that are created; `None` is the broker's default.
    pub replication_factor: Option<u16>,
    /// Takes topics also whose settings lose acknowledged records with a broker, with a warning.
    pub allow_unsafe: bool,
    /// The consumer group that shares the partitions of the transactions.
    pub group: String,
    /// A name that no other process with this group has, the same after a restart.
    pub instance: String,
    /// Further settings of librdkafka, such as `security.protocol` or `sasl.password`.
    pub properties: BTreeMap<String, String>,
}

/// An option that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{option}: {problem}")]
pub struct BadOption {
    /// The field of [`KafkaOptions`], or `properties.<name>`.
    pub option: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

/// Settings that the exactness of the sums rests on, by name or by what the name begins with.
const FIXED: &[(&str, &str)] = &[
    ("acks", "a record counts as appended when all in-sync replicas have it"),
    ("request.required.acks", "a record counts as appended when all in-sync replicas have it"),
    ("enable.idempotence", "appending is always idempotent"),
    ("enable.gapless.guarantee", "appending is always idempotent"),
    ("max.in.flight", "appending is always idempotent"),
    ("retries", "an append is retried until its time is over"),
    ("message.send.max.retries", "an append is retried until its time is over"),
    ("message.timeout.ms", "every call ends within a fixed time"),
    ("delivery.timeout.ms", "every call ends within a fixed time"),
    ("delivery.report.only.error", "every append is waited for"),
    ("message.max.bytes", "the topics are checked to take the largest record"),
    ("auto.offset.reset", "a position that is gone stops the partition, never skips"),
    ("enable.auto.commit", "positions are committed with the sums alone"),
    ("auto.commit", "positions are committed with the sums alone"),
    ("enable.auto.offset.store", "positions are committed with the sums alone"),
    ("offset.store", "positions are committed with the sums alone"),
    ("isolation.level", "readers see committed records alone"),
    ("transaction", "sums and positions are committed together"),
    ("enable.partition.eof", "readers are told when they caught up"),
    ("partition.assignment.strategy", "partitions are handed over one by one, as a commit expects it"),
    ("partitioner", "partitions are chosen by Tallygate's own hash"),
    ("group.", "the option group names the group"),
    ("bootstrap.servers", "the option brokers names them"),
    ("metadata.broker.list", "the option brokers names them"),
    ("allow.auto.create.topics", "topics are created with the settings that they need"),
    ("plugin.library.paths", "no code is loaded from elsewhere"),
];

const TOPIC_BYTES: usize = 249;

impl KafkaOptions {
    /// Checks everything that can be checked without a broker.
    ///
    /// # Errors
    /// The first option that cannot work.
    pub fn check(&self) -> Result<(), BadOption> {
        if self.brokers.is_empty() {
            return Err(bad("brokers", "must be one or more of host:port"));
        }
        if let Some((place, broker)) = self.brokers.iter().enumerate().find(|(_, broker)| !is_address(broker)) {
            return Err(bad(
                &format!("brokers[{place}]"),
                format!("{broker:?} is no host:port, such as 127.0.0.1:9092"),
            ));
        }
        self.check_topics()?;
        if !(1..=10_000).contains(&self.partitions) {
            return Err(bad("partitions", "must be 1 to 10000"));
        }
        if self.replication_factor.is_some_and(|copies| !(1..=100).contains(&copies)) {
            return Err(bad("replication_factor", "must be 1 to 100"));
        }
        if self.group.is_empty() || self.group.contains('\0') {
            return Err(bad("group", "must be a name, such as tallygate"));
        }
        self.check_properties()
    }

    /// The name of a topic.
    pub(super) fn name(&self, topic: Topic) -> &str {
        match topic {
            Topic::Transactions => &self.topic,
            Topic::DailySums => &self.sums_topic,
            Topic::DeadLetters => &self.dead_letters_topic,
        }
    }

    fn check_topics(&self) -> Result<(), BadOption> {
        let topics = [
            ("topic", &self.topic),
            ("sums_topic", &self.sums_topic),
            ("dead_letters_topic", &self.dead_letters_topic),
        ];
        for (index, (option, topic)) in topics.iter().enumerate() {
            let legal = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
            let length_ok = (1..=TOPIC_BYTES).contains(&topic.len());
            if !length_ok || !topic.bytes().all(legal) || matches!(topic.as_str(), "." | "..") {
                let problem = "must be 1 to 249 of letters, digits, full stop, underscore and hyphen";
                return Err(bad(option, problem));
            }
            if let Some((other, _)) = topics[..index].iter().find(|(_, other)| other == topic) {
                return Err(bad(option, format!("must be another topic than {other}, both are {topic}")));
            }
        }
        Ok(())
    }

    fn check_properties(&self) -> Result<(), BadOption> {
        for (name, value) in &self.properties {
            let option = format!("properties.{name}");
            let is_fixed = |fixed: &str| match fixed {
                "acks" | "retries" | "partitioner" => name == fixed,
                prefix => name.starts_with(prefix),
            };
            if let Some((_, why)) = FIXED.iter().find(|(fixed, _)| is_fixed(fixed)) {
                return Err(bad(&option, format!("cannot be set: {why}; leave it out")));
            }
            let config = ClientConfig::from_iter([(name.clone(), value.clone())]);
            if let Err(error) = config.create_native_config() {
                return Err(bad(&option, reason(&error)));
            }
        }
        // What only shows when all of them are used together, such as a certificate that is not there. Without brokers
        // the client connects to nothing.
        let config = ClientConfig::from_iter(self.properties.clone());
        let client: KafkaResult<BaseConsumer> = config.create();
        client.map(drop).map_err(|error| bad("properties", reason(&error)))
    }
}

fn is_address(text: &str) -> bool {
    let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    port.is_some_and(|(_, port)| port.parse::<u16>().is_ok()) && !text.contains([',', '\0', ' '])
}

fn bad(option: &str, problem: impl Into<String>) -> BadOption {
    BadOption { option: option.to_owned(), problem: problem.into() }
}

#[cfg(test)]
impl KafkaOptions {
    /// Nobody listens there.
    pub(super) fn of_nobody() -> Self {
        Self {
            brokers: vec!["127.0.0.1:1".into()],
            topic: "transactions".into(),
            sums_topic: "sums".into(),
            dead_letters_topic: "dead-letters".into(),
            partitions: 4,
            replication_factor: None,
            allow_unsafe: false,
            group: "tallygate".into(),
            instance: "i".into(),
            properties: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(properties: &[(&str, &str)]) -> KafkaOptions {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        KafkaOptions { properties: properties.iter().map(own).collect(), ..KafkaOptions::of_nobody() }
    }

    #[test]
    fn takes_credentials_and_tuning() {
        let given = [
            ("security.protocol", "sasl_ssl"),
            ("sasl.mechanism", "SCRAM-SHA-256"),
            ("sasl.username", "tally"),
            ("sasl.password", "gate"),
            ("ssl.ca.location", "probe"),
            ("linger.ms", "5"),
            ("retry.backoff.ms", "20"),
        ];
        assert_eq!(options(&given).check(), Ok(()));
    }

    #[test]
    fn refuses_by_name_what_the_sums_rest_on() {
        for name in [
            "acks",
            "enable.idempotence",
            "max.in.flight.requests.per.connection",
            "auto.offset.reset",
            "enable.auto.commit",
            "isolation.level",
            "transactional.id",
            "transaction.timeout.ms",
            "group.id",
            "group.protocol",
        ] {
            let refused = options(&[(name, "1")]).check().unwrap_err();
            assert_eq!(refused.option, format!("properties.{name}"));
            assert!(refused.problem.starts_with("cannot be set: "), "{refused}");
        }
    }

    #[test]
    fn refuses_properties_that_librdkafka_does_not_know() {
        for (name, value) in [("no.such.thing", "1"), ("linger.ms", "soon"), ("security.protocol", "tls")] {
            let refused = options(&[(name, value)]).check().unwrap_err();
            assert_eq!(refused.option, format!("properties.{name}"), "{refused}");
        }
    }

    #[test]
    fn refuses_properties_that_do_not_work_together() {
        let absent = [("security.protocol", "ssl"), ("ssl.ca.location", "/nowhere/ca.pem")];
        let refused = options(&absent).check().unwrap_err();
        assert!(refused.option == "properties" && refused.problem.contains("ca.location"), "{refused}");
        let nobody = [("security.protocol", "sasl_plaintext"), ("sasl.mechanism", "SCRAM-SHA-256")];
        let refused = options(&nobody).check().unwrap_err();
        assert!(refused.option == "properties" && refused.problem.contains("sasl.username"), "{refused}");
    }

    #[test]
    fn refuses_topics_that_are_the_same_or_no_names() {
        let mut same = options(&[]);
        same.sums_topic.clone_from(&same.topic);
        assert_eq!(same.check().unwrap_err().option, "sums_topic");
        let mut odd = options(&[]);
        odd.dead_letters_topic = "a b".into();
        assert_eq!(odd.check().unwrap_err().option, "dead_letters_topic");
        let mut none = options(&[]);
        none.brokers = vec!["localhost".into()];
        assert_eq!(none.check().unwrap_err().option, "brokers[0]");
    }
}
