//! Clients of rustls that come back, under a clock that is set.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::server::Acceptor;
use rustls::{
    ClientConfig, ClientConnection, ConnectionCommon, HandshakeKind, RootCertStore, SupportedProtocolVersion,
};
use rustls_pki_types::PrivateKeyDer;

use super::*;

impl Clock for Arc<AtomicU64> {
    fn passed(&self) -> Duration {
        Duration::from_secs(self.load(Ordering::Relaxed))
    }
}

/// A listener's tickets, and one client of it that keeps what it gets.
struct Pair {
    clock: Arc<AtomicU64>,
    tickets: Arc<Tickets<Arc<AtomicU64>>>,
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
}

impl Pair {
    fn of(version: &'static SupportedProtocolVersion) -> Self {
        let provider = Arc::new(default_provider());
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone()).unwrap();
        let clock = Arc::new(AtomicU64::new(1_000_000));
        let tickets = Tickets::by(clock.clone()).unwrap();
        let mut server = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
        tickets.serve(&mut server);
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        client.enable_early_data = true;
        Self { clock, tickets, server: Arc::new(server), client: Arc::new(client) }
    }

    fn pass(&self, time: Duration) {
        self.clock.fetch_add(time.as_secs(), Ordering::Relaxed);
    }

    /// One connection, up to the first byte that the client reads.
    fn connect(&self) -> HandshakeKind {
        let mut client = ClientConnection::new(self.client.clone(), "localhost".try_into().unwrap()).unwrap();
        assert!(client.early_data().is_none(), "nothing may be said before the handshake has ended");
        let mut acceptor = Acceptor::default();
        let accepted = loop {
            let mut sent = Vec::new();
            client.write_tls(&mut sent).unwrap();
            acceptor.read_tls(&mut &sent[..]).unwrap();
            if let Some(accepted) = acceptor.accept().map_err(|(error, _)| error).unwrap() {
                break accepted;
            }
        };
        let mut server = accepted.into_connection(self.server.clone()).map_err(|(error, _)| error).unwrap();
        self.tickets.date(&mut server);
        while client.is_handshaking() || server.is_handshaking() {
            exchange(&mut client, &mut server);
        }
        server.writer().write_all(b"x").unwrap();
        exchange(&mut client, &mut server);
        assert_eq!(client.reader().read(&mut [0; 8]).unwrap(), 1);
        server.handshake_kind().unwrap()
    }
}

fn exchange(client: &mut ClientConnection, server: &mut ServerConnection) {
    pass(server, client);
    pass(client, server);
}

/// Lets the one read what the other has to say.
fn pass<F, T>(from: &mut ConnectionCommon<F>, to: &mut ConnectionCommon<T>) {
    let mut bytes = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut bytes).unwrap();
    }
    while !bytes.is_empty() {
        let read = to.read_tls(&mut &bytes[..]).unwrap();
        bytes.drain(..read);
        to.process_new_packets().unwrap();
    }
}

const BOTH: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

#[test]
fn who_comes_back_resumes_across_a_change_of_keys() {
    for version in BOTH {
        let pair = Pair::of(version);
        pair.pass(TICKET_KEY_TIME - Duration::from_secs(60));
        assert_eq!(pair.connect(), HandshakeKind::Full, "{version:?}");
        pair.pass(Duration::from_secs(120));
        assert_eq!(pair.connect(), HandshakeKind::Resumed, "{version:?}");
        assert!(pair.tickets.keys().1.is_some(), "the keys were changed");
    }
}

#[test]
fn a_session_ends_its_time_after_its_full_handshake_however_often_it_is_resumed() {
    for version in BOTH {
        let pair = Pair::of(version);
        assert_eq!(pair.connect(), HandshakeKind::Full, "{version:?}");
        for _ in 0..9 {
            pair.pass(TICKET_TIME / 10);
            assert_eq!(pair.connect(), HandshakeKind::Resumed, "{version:?}");
        }
        pair.pass(TICKET_TIME / 10);
        assert_eq!(pair.connect(), HandshakeKind::Full, "{version:?}");
        assert_eq!(pair.connect(), HandshakeKind::Resumed, "{version:?}: the new one");
    }
}

#[test]
fn keys_that_nothing_is_valid_by_any_more_are_gone() {
    let pair = Pair::of(&rustls::version::TLS13);
    pair.connect();
    pair.pass(TICKET_KEY_TIME + TICKET_TIME);
    assert_eq!(pair.connect(), HandshakeKind::Full);
    assert!(pair.tickets.keys().1.is_none());
}

#[test]
fn a_ticket_is_good_at_its_own_listener_alone() {
    let (pair, other) = (Pair::of(&rustls::version::TLS13), Tickets::new().unwrap());
    pair.connect();
    let mut elsewhere = ServerConfig::clone(&pair.server);
    other.serve(&mut elsewhere);
    let pair = Pair { server: Arc::new(elsewhere), ..pair };
    assert_eq!(pair.connect(), HandshakeKind::Full);
}
