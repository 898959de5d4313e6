//! Each real server is started, spoken to, killed, restarted, paused and stopped.

mod clusters;
mod wire;

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tallygate_test_servers::{Cassandra, Credentials, Kafka, Options, RabbitMq, Server, shared};

const GUEST: Credentials = Credentials { user: "guest", password: "guest" };
const STRANGER: Credentials = Credentials { user: "stranger", password: "wrong" };
const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";

/// A single node that is killed loses what it acknowledged since the last sync of its commit log, each second.
const CASSANDRA_SYNCED: Duration = Duration::from_secs(3);

#[test]
fn rabbitmq_keeps_its_data_over_kill_and_restart() -> Result<()> {
    let rabbit = RabbitMq::start()?;
    wire::amqp_log_in(&mut wire::connect(&rabbit)?, GUEST)?;
    rabbit.control(&["add_vhost", "kept"])?;
    kill_and_restart(&rabbit)?;
    wire::amqp_log_in(&mut wire::connect(&rabbit)?, GUEST)?;
    ensure!(rabbit.control(&["list_vhosts"])?.contains("kept"));
    shut_down_and_restart(&rabbit)?;
    ensure!(rabbit.control(&["list_vhosts"])?.contains("kept"));
    let (address, directory) = (rabbit.address(), rabbit.directory().to_owned());
    stops_for_good(address, directory, || {
        drop(rabbit);
        Ok(())
    })
}

#[test]
fn kafka_keeps_its_data_over_kill_and_restart() -> Result<()> {
    let kafka = Kafka::start()?;
    wire::kafka_versions(&mut wire::connect(&kafka)?)?;
    kafka.tool(TOPICS, &["--create", "--topic", "kept", "--partitions", "3"])?;
    kill_and_restart(&kafka)?;
    wire::kafka_versions(&mut wire::connect(&kafka)?)?;
    ensure!(kafka.tool(TOPICS, &["--list"])?.contains("kept"));
    shut_down_and_restart(&kafka)
}

#[test]
fn cassandra_keeps_its_data_over_kill_and_restart() -> Result<()> {
    let cassandra = Cassandra::start()?;
    let mut stream = wire::connect(&cassandra)?;
    wire::cql_log_in(&mut stream, None)?;
    for statement in [
        "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
        "CREATE TABLE k.t (id int PRIMARY KEY, word text)",
        "INSERT INTO k.t (id, word) VALUES (1, 'kept')",
    ] {
        wire::cql(&mut stream, statement)?;
    }
    thread::sleep(CASSANDRA_SYNCED);
    kill_and_restart(&cassandra)?;
    let mut stream = wire::connect(&cassandra)?;
    wire::cql_log_in(&mut stream, None)?;
    let answer = wire::cql(&mut stream, "SELECT word FROM k.t WHERE id = 1")?;
    ensure!(answer.ends_with(b"kept"), "the row is gone: {answer:?}");
    shut_down_and_restart(&cassandra)
}

#[test]
fn a_paused_server_answers_only_when_it_is_resumed() -> Result<()> {
    let rabbit = RabbitMq::start()?;
    rabbit.pause()?;
    let stream = TcpStream::connect(rabbit.address())?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    let mut waiting = stream.try_clone()?;
    std::io::Write::write_all(&mut waiting, b"AMQP\0\0\x09\x01")?;
    ensure!(waiting.read(&mut [0; 1]).is_err(), "it answered although it was paused");
    rabbit.resume()?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    waiting.read_exact(&mut [0; 1]).context("it did not answer after it was resumed")
}

#[test]
fn rabbitmq_with_tls_and_a_password_lets_nobody_else_in() -> Result<()> {
    let rabbit = RabbitMq::start_with(Options::SECURE)?;
    let credentials = rabbit.credentials().context("no credentials")?;
    ensure!(rabbit.url().starts_with("amqps://tally:"));
    wire::amqp_log_in(&mut wire::connect(&rabbit)?, credentials)?;
    ensure!(wire::amqp_log_in(&mut wire::connect(&rabbit)?, STRANGER).is_err());
    ensure!(wire::amqp_log_in(&mut wire::connect(&rabbit)?, GUEST).is_err());
    speaks_tls_only(&rabbit, |mut plain| wire::amqp_log_in(&mut plain, credentials))
}

#[test]
fn kafka_with_tls_and_a_password_lets_nobody_else_in() -> Result<()> {
    let kafka = Kafka::start_with(Options::SECURE)?;
    let credentials = kafka.credentials().context("no credentials")?;
    ensure!(kafka.security_protocol() == "SASL_SSL");
    wire::kafka_log_in(&mut wire::connect(&kafka)?, credentials)?;
    ensure!(wire::kafka_log_in(&mut wire::connect(&kafka)?, STRANGER).is_err());
    speaks_tls_only(&kafka, |mut plain| wire::kafka_versions(&mut plain))
}

#[test]
fn cassandra_with_tls_and_a_password_lets_nobody_else_in() -> Result<()> {
    let cassandra = Cassandra::start_with(Options::SECURE)?;
    let credentials = cassandra.credentials().context("no credentials")?;
    let mut stream = wire::connect(&cassandra)?;
    wire::cql_log_in(&mut stream, Some(credentials))?;
    wire::cql(&mut stream, "SELECT release_version FROM system.local")?;
    ensure!(wire::cql_log_in(&mut wire::connect(&cassandra)?, Some(STRANGER)).is_err());
    ensure!(wire::cql_log_in(&mut wire::connect(&cassandra)?, None).is_err());
    speaks_tls_only(&cassandra, |mut plain| wire::cql_log_in(&mut plain, Some(credentials)))
}

#[test]
fn a_shared_server_is_started_once_and_outlives_the_thread_that_asked_first() -> Result<()> {
    let first = thread::spawn(|| shared::rabbit().map(|rabbit| rabbit.url()));
    let url = first.join().map_err(|_| anyhow::anyhow!("the first thread panicked"))??;
    ensure!(shared::rabbit()?.url() == url);
    wire::amqp_log_in(&mut wire::connect(shared::rabbit()?)?, GUEST)
}

#[test]
fn a_server_and_its_directory_go_with_the_process_that_started_it() -> Result<()> {
    let mut starter = Command::new(env!("CARGO_BIN_EXE_tallygate-test-servers"))
        .arg("rabbitmq")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (stdout, stderr) = (starter.stdout.take().context("no stdout")?, starter.stderr.take().context("no stderr")?);
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let address: SocketAddr = line
        .rsplit_once('@')
        .and_then(|(_, rest)| rest.split('/').next()?.parse().ok())
        .with_context(|| format!("no address in '{line}'"))?;
    let log = BufReader::new(stderr).lines().map_while(|line| line.ok()).find(|line| line.ends_with(".log"));
    let log = log.context("it named no log")?;
    let directory = std::path::Path::new(log.trim()).parent().context("the log is in no directory")?.to_owned();
    ensure!(directory.is_dir());
    stops_for_good(address, directory, || {
        starter.kill()?; // SIGKILL: no destructor runs
        starter.wait()?;
        Ok(())
    })
}

fn kill_and_restart(server: &Server) -> Result<()> {
    let (address, pid) = (server.address(), server.pid());
    server.kill()?;
    ensure!(server.pid().is_none());
    ensure!(TcpStream::connect(address).is_err(), "it still listens after it was killed");
    server.restart()?;
    ensure!(server.address() == address && server.pid() != pid);
    Ok(())
}

fn shut_down_and_restart(server: &Server) -> Result<()> {
    let began = Instant::now();
    server.shut_down()?;
    ensure!(began.elapsed() < Duration::from_secs(25), "it did not stop when it was asked to");
    server.restart()
}

fn speaks_tls_only(server: &Server, log_in: impl FnOnce(TcpStream) -> Result<()>) -> Result<()> {
    let plain = TcpStream::connect(server.address())?;
    plain.set_read_timeout(Some(Duration::from_secs(5)))?;
    ensure!(log_in(plain).is_err(), "it spoke without TLS");
    Ok(())
}

fn stops_for_good(address: SocketAddr, directory: std::path::PathBuf, stop: impl FnOnce() -> Result<()>) -> Result<()> {
    stop()?;
    let deadline = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(address).is_ok() || directory.exists() {
        ensure!(Instant::now() < deadline, "{address} or {} is still there", directory.display());
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

#[test]
fn kafka_starts_with_its_clock_a_year_off_and_right_again() -> Result<()> {
    let kafka = Kafka::start()?;
    kafka.restart_days_off(365)?;
    kafka.restart()?;
    Ok(())
}
