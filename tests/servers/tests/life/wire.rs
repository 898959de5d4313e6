//! Just enough of each server's wire protocol to tell that it is there, and whom it lets in.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tallygate_test_servers::{Credentials, Server};

const ANSWER_WITHIN: Duration = Duration::from_secs(20);

pub(crate) trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// Connects, with TLS when the server was started with it.
pub(crate) fn connect(server: &Server) -> Result<Box<dyn Stream>> {
    let plain = TcpStream::connect(server.address())?;
    plain.set_read_timeout(Some(ANSWER_WITHIN))?;
    let Some(ca) = server.ca() else {
        return Ok(Box::new(plain));
    };
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca)?)?;
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let session = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost")?)?;
    Ok(Box::new(StreamOwned::new(session, plain)))
}

/// AMQP 0-9-1 up to the tuning of an authenticated connection.
pub(crate) fn amqp_log_in(stream: &mut dyn Stream, credentials: Credentials) -> Result<()> {
    stream.write_all(b"AMQP\0\0\x09\x01")?;
    let start = amqp_method(stream)?;
    ensure!(start.starts_with(&[0, 10, 0, 10]), "not a Connection.Start: {start:?}");
    ensure!(start.windows(8).any(|window| window == b"RabbitMQ"), "not a RabbitMQ");
    let mut start_ok = vec![0, 10, 0, 11, 0, 0, 0, 0, 5];
    start_ok.extend(b"PLAIN");
    start_ok.extend(long(format!("\0{}\0{}", credentials.user, credentials.password).as_bytes())?);
    start_ok.extend(b"\x05en_US");
    let mut frame = vec![1, 0, 0];
    frame.extend(long(&start_ok)?);
    frame.push(0xCE);
    stream.write_all(&frame)?;
    let tune = amqp_method(stream)?;
    ensure!(tune.starts_with(&[0, 10, 0, 30]), "not let in: {tune:?}");
    Ok(())
}

fn amqp_method(stream: &mut dyn Stream) -> Result<Vec<u8>> {
    let mut head = [0; 3];
    stream.read_exact(&mut head)?;
    let body = framed(stream)?;
    let mut end = [0];
    stream.read_exact(&mut end)?;
    ensure!(head == [1, 0, 0] && end == [0xCE], "not a method frame");
    Ok(body)
}

/// Kafka's ApiVersions, the first thing that every client asks.
pub(crate) fn kafka_versions(stream: &mut dyn Stream) -> Result<()> {
    let answer = kafka_ask(stream, 18, 0, &[])?;
    ensure!(answer.starts_with(&[0, 0]), "ApiVersions answered an error: {answer:?}");
    Ok(())
}

/// SASL PLAIN in two steps, as every client does it.
pub(crate) fn kafka_log_in(stream: &mut dyn Stream, credentials: Credentials) -> Result<()> {
    let answer = kafka_ask(stream, 17, 1, b"\0\x05PLAIN")?;
    ensure!(answer.starts_with(&[0, 0]), "no SASL PLAIN: {answer:?}");
    let secret = long(format!("\0{}\0{}", credentials.user, credentials.password).as_bytes())?;
    let answer = kafka_ask(stream, 36, 0, &secret)?;
    ensure!(answer.starts_with(&[0, 0]), "not let in: {answer:?}");
    Ok(())
}

fn kafka_ask(stream: &mut dyn Stream, api: i16, version: i16, body: &[u8]) -> Result<Vec<u8>> {
    const NUMBER: [u8; 4] = [0, 0, 0, 7];
    let mut request = [api.to_be_bytes(), version.to_be_bytes()].concat();
    request.extend(NUMBER);
    request.extend(b"\0\x05tests");
    request.extend(body);
    stream.write_all(&long(&request)?)?;
    let answer = framed(stream)?;
    Ok(answer.strip_prefix(&NUMBER).context("an answer to another request")?.to_vec())
}

/// CQL's start, with a password when the server asks for one.
pub(crate) fn cql_log_in(stream: &mut dyn Stream, credentials: Option<Credentials>) -> Result<()> {
    const READY: u8 = 2;
    const AUTHENTICATE: u8 = 3;
    const SUCCESS: u8 = 16;
    let (answer, body) = cql_ask(stream, 1, b"\0\x01\0\x0bCQL_VERSION\0\x053.4.5")?;
    match (answer, credentials) {
        (READY, None) => Ok(()),
        (AUTHENTICATE, Some(Credentials { user, password })) => {
            let (answer, body) = cql_ask(stream, 15, &long(format!("\0{user}\0{password}").as_bytes())?)?;
            ensure!(answer == SUCCESS, "not let in: {}", String::from_utf8_lossy(&body));
            Ok(())
        }
        _ => bail!("unexpected answer {answer} to STARTUP: {}", String::from_utf8_lossy(&body)),
    }
}

/// Runs one statement and returns the answer's bytes, which hold the values of a few rows as they are.
pub(crate) fn cql(stream: &mut dyn Stream, statement: &str) -> Result<Vec<u8>> {
    let mut body = long(statement.as_bytes())?;
    body.extend([0, 1, 0]); // consistency ONE, no flags
    let (answer, body) = cql_ask(stream, 7, &body)?;
    ensure!(answer == 8, "{statement}: {}", String::from_utf8_lossy(&body));
    Ok(body)
}

fn cql_ask(stream: &mut dyn Stream, opcode: u8, body: &[u8]) -> Result<(u8, Vec<u8>)> {
    let mut request = vec![4, 0, 0, 0, opcode];
    request.extend(long(body)?);
    stream.write_all(&request)?;
    let mut head = [0; 5];
    stream.read_exact(&mut head)?;
    Ok((head[4], framed(stream)?))
}

/// Bytes with their length before them, as all three protocols write them.
fn long(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut framed = u32::try_from(bytes.len())?.to_be_bytes().to_vec();
    framed.extend(bytes);
    Ok(framed)
}

fn framed(stream: &mut dyn Stream) -> Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut bytes = vec![0; usize::try_from(u32::from_be_bytes(length))?];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}
