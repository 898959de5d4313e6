//! Picks loopback ports that nobody listens on, and that no outgoing connection can take either.

use std::collections::HashSet;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{LazyLock, Mutex, PoisonError};

use anyhow::{Result, bail};

const LOWEST: u16 = 15_000;
const TRIES: usize = 1_000;

static GIVEN: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);

/// A free port of 127.0.0.1, given once in a process.
///
/// It lies below the kernel's ephemeral range: while a killed server is away, a client's next connection could otherwise
/// be given the server's own port, connect to itself, and keep the server from coming back.
///
/// # Errors
/// When none is found in many tries.
pub fn free() -> Result<u16> {
    let highest = ephemeral_start();
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..TRIES {
        let port = rand::random_range(LOWEST..highest);
        if !given.contains(&port) && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            given.insert(port);
            return Ok(port);
        }
    }
    bail!("no free port of 127.0.0.1 found between {LOWEST} and {highest} in {TRIES} tries");
}

fn ephemeral_start() -> u16 {
    fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
        .ok()
        .and_then(|range| range.split_whitespace().next()?.parse().ok())
        .filter(|start| *start > LOWEST + 1_000)
        .unwrap_or(32_768)
}
