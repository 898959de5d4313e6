//! The real servers of one test, and the sections of a configuration that lead to them.

use tallygate_test_servers::{Cassandra, Credentials, Kafka, Options, RabbitMq};

/// The servers of one test. They belong to it, since it kills them.
pub struct Servers {
    pub rabbit: RabbitMq,
    pub kafka: Kafka,
    pub cassandra: Cassandra,
}

impl Servers {
    /// Starts all three.
    pub fn start() -> Self {
        Self::start_with(Options::default())
    }

    /// Starts all three with what they are to ask of their clients.
    pub fn start_with(options: Options) -> Self {
        let kafka = std::thread::spawn(move || Kafka::start_with(options));
        let cassandra = std::thread::spawn(move || Cassandra::start_with(options));
        let rabbit = RabbitMq::start_with(options).unwrap();
        Self { rabbit, kafka: kafka.join().unwrap().unwrap(), cassandra: cassandra.join().unwrap().unwrap() }
    }
}

/// The section of the queue, with names that start like this.
pub fn queue(names: &str, rabbit: &RabbitMq) -> String {
    let tls = rabbit.ca().map(|ca| format!("tls = {{ ca = \"{}\" }}\n", ca.display())).unwrap_or_default();
    format!("[queue]\nbackend = \"amqp\"\nurl = \"{}\"\nqueue = \"{names}.transactions\"\n{tls}\n", rabbit.url())
}

/// The section of the stream, with names that start like this.
pub fn stream(names: &str, kafka: &Kafka) -> String {
    format!(
        r#"[stream]
backend = "kafka"
brokers = ["{}"]
topic = "{names}.transactions"
sums_topic = "{names}.daily-sums"
dead_letters_topic = "{names}.dead-letters"
group = "{names}"
partitions = 4
properties = {{ {} }}

"#,
        kafka.brokers(),
        kafka_properties(kafka),
    )
}

/// The section of the sums, in a keyspace of this name.
pub fn sums(keyspace: &str, cassandra: &Cassandra) -> String {
    format!(
        r#"[sums]
backend = "cassandra"
contact_points = ["{}"]
keyspace = "{keyspace}"
{}
"#,
        cassandra.contact_point(),
        cassandra_access(cassandra),
    )
}

fn kafka_properties(kafka: &Kafka) -> String {
    let mut properties = vec![format!("\"security.protocol\" = \"{}\"", kafka.security_protocol())];
    if let Some(ca) = kafka.ca() {
        properties.push(format!("\"ssl.ca.location\" = \"{}\"", ca.display()));
    }
    if let Some(Credentials { user, password }) = kafka.credentials() {
        properties.push(format!(
            "\"sasl.mechanism\" = \"PLAIN\", \"sasl.username\" = \"{user}\", \"sasl.password\" = \"{password}\""
        ));
    }
    properties.join(", ")
}

fn cassandra_access(cassandra: &Cassandra) -> String {
    let tls = cassandra.ca().map(|ca| format!("tls = {{ ca = \"{}\" }}\n", ca.display()));
    let who = cassandra
        .credentials()
        .map(|Credentials { user, password }| format!("user = \"{user}\"\npassword = \"{password}\"\n"));
    format!("{}{}", tls.unwrap_or_default(), who.unwrap_or_default())
}
