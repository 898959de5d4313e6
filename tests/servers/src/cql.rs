//! One CQL statement over the native protocol, for what a test does to the tables by hand. No TLS.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::Credentials;

/// Version 4 of the protocol.
const REQUEST: u8 = 0x04;
const ERROR: u8 = 0x00;
const STARTUP: u8 = 0x01;
const AUTHENTICATE: u8 = 0x03;
const QUERY: u8 = 0x07;
const AUTH_RESPONSE: u8 = 0x0F;
const CONSISTENCY_ONE: u16 = 0x0001;
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);

/// Runs a statement that has no answer, for this user where the server asks who it is.
pub(crate) fn run(address: SocketAddr, user: Credentials, statement: &str) -> Result<()> {
    let mut stream = TcpStream::connect(address).context("cannot connect to Cassandra")?;
    stream.set_read_timeout(Some(ANSWERED_WITHIN))?;
    let mut options = vec![0, 1];
    for text in ["CQL_VERSION", "3.0.0"] {
        options.extend((text.len() as u16).to_be_bytes());
        options.extend(text.as_bytes());
    }
    if ask(&mut stream, STARTUP, &options)? == AUTHENTICATE {
        let token = format!("\0{}\0{}", user.user, user.password);
        ask(&mut stream, AUTH_RESPONSE, &[&(token.len() as u32).to_be_bytes(), token.as_bytes()].concat())?;
    }
    let mut query = (statement.len() as u32).to_be_bytes().to_vec();
    query.extend(statement.as_bytes());
    query.extend(CONSISTENCY_ONE.to_be_bytes());
    query.push(0);
    ask(&mut stream, QUERY, &query).with_context(|| statement.to_owned())?;
    Ok(())
}

/// Returns which kind of answer came.
fn ask(stream: &mut TcpStream, operation: u8, body: &[u8]) -> Result<u8> {
    let mut frame = vec![REQUEST, 0, 0, 0, operation];
    frame.extend((body.len() as u32).to_be_bytes());
    frame.extend(body);
    stream.write_all(&frame)?;
    let mut head = [0; 9];
    stream.read_exact(&mut head)?;
    let length = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
    let mut answer = Vec::new();
    stream.take(u64::from(length)).read_to_end(&mut answer)?;
    if head[4] == ERROR {
        bail!("{}", String::from_utf8_lossy(answer.get(6..).unwrap_or_default()));
    }
    Ok(head[4])
}
