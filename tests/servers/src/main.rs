//! Starts the servers for use by hand and prints their addresses, until Ctrl-C.

use std::ops::Deref;
use std::process::ExitCode;
use std::thread;
use std::time::Instant;

use anyhow::{Result, anyhow, bail};
use serde_json::{Map, Value};
use tallygate_test_servers::{Cassandra, Kafka, Options, RabbitMq, Server};

const USAGE: &str = "usage: tallygate-test-servers [--json] [--secure] [rabbitmq] [kafka] [cassandra]";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tallygate-test-servers: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let (mut as_json, mut options, mut names) = (false, Options::default(), Vec::new());
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--json" => as_json = true,
            "--secure" => options = Options::SECURE,
            "rabbitmq" | "kafka" | "cassandra" => names.push(argument),
            other => bail!("unknown argument {other}; {USAGE}"),
        }
    }
    if names.is_empty() {
        names = ["rabbitmq", "kafka", "cassandra"].map(String::from).to_vec();
    }
    eprintln!("starting {}…", names.join(", "));
    let began = Instant::now();
    let started = thread::scope(|scope| {
        let starting: Vec<_> = names.iter().map(|name| scope.spawn(move || start(name, options))).collect();
        let started =
            starting.into_iter().map(|thread| thread.join().map_err(|_| anyhow!("a starting thread panicked"))?);
        started.collect::<Result<Vec<Started>>>()
    })?;
    if as_json {
        let addresses: Map<_, _> = started.iter().flat_map(|one| one.addresses.clone()).collect();
        println!("{}", Value::Object(addresses));
    } else {
        for (name, value) in started.iter().flat_map(|one| &one.addresses) {
            println!("{name}={}", value.as_str().unwrap_or_default());
        }
    }
    eprintln!("ready after {:.1} s; Ctrl-C stops them and removes their data; logs:", began.elapsed().as_secs_f32());
    for one in &started {
        eprintln!("  {}", one.server.log().display());
    }
    loop {
        thread::park();
    }
}

struct Started {
    server: Box<dyn Deref<Target = Server> + Send>,
    addresses: Map<String, Value>,
}

fn start(name: &str, options: Options) -> Result<Started> {
    Ok(match name {
        "rabbitmq" => {
            let rabbit = RabbitMq::start_with(options)?;
            let own = [("URL", rabbit.url())];
            Started { addresses: addresses("TALLYGATE_AMQP", own, &rabbit), server: Box::new(rabbit) }
        }
        "kafka" => {
            let kafka = Kafka::start_with(options)?;
            let own = [("BROKERS", kafka.brokers()), ("PROTOCOL", kafka.security_protocol().to_owned())];
            Started { addresses: addresses("TALLYGATE_KAFKA", own, &kafka), server: Box::new(kafka) }
        }
        _ => {
            let cassandra = Cassandra::start_with(options)?;
            let own = [("CONTACT_POINT", cassandra.contact_point())];
            Started { addresses: addresses("TALLYGATE_CASSANDRA", own, &cassandra), server: Box::new(cassandra) }
        }
    })
}

/// As environment variables: what a server has of its own, and how to be let in.
fn addresses<const N: usize>(prefix: &str, own: [(&str, String); N], server: &Server) -> Map<String, Value> {
    let credentials = server.credentials();
    let common = [
        ("USER", credentials.map(|credentials| credentials.user.to_owned())),
        ("PASSWORD", credentials.map(|credentials| credentials.password.to_owned())),
        ("CA", server.ca().map(|path| path.display().to_string())),
    ];
    let all = own.map(|(name, value)| (name, Some(value))).into_iter().chain(common);
    all.filter_map(|(name, value)| Some((format!("{prefix}_{name}"), Value::from(value?)))).collect()
}
