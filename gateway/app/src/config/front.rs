//! The partners' side of the configuration as a whole: listeners, partners, upstreams and bounds.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::document::Table;
use super::policy::{self, PolicyConfig};
use super::route::{self, Known, RouteConfig};

/// Where partners connect.
#[derive(Debug)]
pub struct ListenerConfig {
    /// The name that routes call it by.
    pub name: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// Its certificate; plain HTTP without.
    pub tls: Option<TlsConfig>,
    /// The line it stands on.
    pub line: usize,
}

/// A server's certificate, and what it asks of callers.
#[derive(Debug)]
pub struct TlsConfig {
    /// The chain, PEM.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
    /// The authority that signs callers' certificates, PEM.
    pub client_ca: Option<PathBuf>,
    /// Whether callers must have one.
    pub client_auth: ClientAuth,
}

/// Whether callers must show a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// Without one there is no connection.
    Required,
    /// One is checked when shown.
    Optional,
    /// None is asked for.
    None,
}

/// Who may call.
#[derive(Debug)]
pub struct PartnerConfig {
    /// The name, for life: it scopes the identity of what is sent.
    pub name: String,
    /// How callers are known.
    pub credential: Option<Credential>,
    /// The line it stands on.
    pub line: usize,
}

/// How a caller is known.
#[derive(Debug)]
pub enum Credential {
    /// By a certificate that chained to the listener's authority.
    Certificate(Certificate),
    /// By the SHA-256 of its API key, lower-case hex.
    ApiKeySha256(String),
}

/// Which certificate.
#[derive(Debug)]
pub enum Certificate {
    /// The subject's common name.
    SubjectCn(String),
    /// The SHA-256 of the certificate's DER, lower-case hex.
    Sha256(String),
}

/// Where a proxy route leads.
#[derive(Debug)]
pub struct UpstreamConfig {
    /// The name.
    pub name: String,
    /// `http://` or `https://` addresses, taken in turn.
    pub targets: Vec<String>,
    /// The authority that signs the targets' certificates; the system's when absent.
    pub ca: Option<PathBuf>,
    /// The line it stands on.
    pub line: usize,
}

/// The bounds of the partners' side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request's head.
    pub header_size: u64,
    /// Bytes of a request's body.
    pub body_size: u64,
    /// Bytes of all bodies held at one time.
    pub body_memory: u64,
    /// Time to send the head.
    pub header_time: Duration,
    /// Time to send the body.
    pub body_time: Duration,
    /// Connections at once.
    pub connections: u64,
    /// Requests at once.
    pub requests: u64,
    /// Time for what is under way when the process stops.
    pub shutdown_time: Duration,
}

/// Everything the partners' side needs.
pub(super) struct FrontConfig {
    pub(super) listeners: Vec<ListenerConfig>,
    pub(super) partners: Vec<PartnerConfig>,
    pub(super) routes: Vec<RouteConfig>,
    pub(super) upstreams: Vec<UpstreamConfig>,
    pub(super) policies: Vec<PolicyConfig>,
    pub(super) limits: Limits,
}

/// A name that stands once in its list.
pub(super) type Names = BTreeSet<String>;

pub(super) fn read(root: &Table<'_>) -> Option<FrontConfig> {
    let (mut names, mut partner_names, mut route_names) = (Names::new(), Names::new(), Names::new());
    let listeners: Vec<_> =
        root.tables("listeners").into_iter().filter_map(|table| listener(&table, &mut names)).collect();
    let partners: Vec<_> =
        root.tables("partners").into_iter().filter_map(|table| partner(&table, &mut partner_names)).collect();
    let upstreams: Vec<_> =
        sections(root, "upstreams").into_iter().filter_map(|(name, table)| upstream(name, &table)).collect();
    let policies: Vec<_> =
        sections(root, "policies").into_iter().filter_map(|(name, table)| policy::read(name, &table)).collect();
    let known = Known {
        listeners: names.iter().map(String::as_str).collect(),
        partners: partner_names.iter().map(String::as_str).collect(),
        upstreams: root.table("upstreams").map(|t| t.keys().map(|k| k.value).collect()).unwrap_or_default(),
        policies: root.table("policies").map(|t| t.keys().map(|k| k.value).collect()).unwrap_or_default(),
    };
    let tables = root.tables("routes");
    let routes: Vec<_> = tables.iter().filter_map(|table| route::read(table, &known, &mut route_names)).collect();
    route::clashes(&tables, &routes);
    let limits = limits(root);
    Some(FrontConfig { listeners, partners, routes, upstreams, policies, limits })
}

fn sections<'d>(root: &Table<'d>, key: &str) -> Vec<(String, Table<'d>)> {
    let Some(all) = root.table(key) else { return Vec::new() };
    let names: Vec<String> = all.keys().map(|key| key.value.to_owned()).collect();
    let section = |name: String| all.table(&name).map(|table| (name, table));
    let sections = names.into_iter().filter_map(section).collect();
    all.close();
    sections
}

/// Names go into metrics, logs, file names and identities, so they are plain, and stand once.
pub(super) fn name(table: &Table<'_>, taken: &mut Names) -> Option<String> {
    let name = table.required("name")?;
    if !is_plain(&name.value) {
        table.document().problem_with(&name, PLAIN);
    }
    if !taken.insert(name.value.clone()) {
        table.document().problem_with(&name, format_args!("{:?} stands twice, each name must be its own", name.value));
    }
    Some(name.value)
}

pub(super) const PLAIN: &str =
    "must be 1 to 64 letters, digits, dots, hyphens and underscores, and begin with a letter or digit";

pub(super) fn is_plain(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    (1..=64).contains(&name.len()) && name.bytes().all(plain) && name.starts_with(|c: char| c.is_ascii_alphanumeric())
}

fn listener(table: &Table<'_>, taken: &mut Names) -> Option<ListenerConfig> {
    let name = name(table, taken);
    let address = super::address(table);
    let wants_tls = table.has("tls");
    let tls = table.table("tls").and_then(|tls| self::tls(tls, true));
    table.close();
    if wants_tls && tls.is_none() {
        return None;
    }
    Some(ListenerConfig { name: name?, address: address?, tls, line: table.line() })
}

/// A server's `tls = { … }`; with client certificates where partners connect.
pub(super) fn tls(table: Table<'_>, with_clients: bool) -> Option<TlsConfig> {
    let file = |key: &str| {
        if !table.has(key) {
            table.problem(format_args!("{key:?} is missing"));
        }
        table.file(key).map(|file| file.value)
    };
    let (certificate, key) = (file("certificate"), file("key"));
    let mut client_auth = ClientAuth::None;
    let mut client_ca = None;
    if with_clients {
        client_ca = table.file("client_ca").map(|file| file.value);
        client_auth = if client_ca.is_some() { ClientAuth::Required } else { ClientAuth::None };
        if let Some(text) = table.string("client_auth") {
            client_auth = match &*text.value {
                "required" => ClientAuth::Required,
                "optional" => ClientAuth::Optional,
                "none" => ClientAuth::None,
                other => {
                    table.document().problem_with(
                        &text,
                        format_args!("{other:?} is no way: required, optional or none would be right"),
                    );
                    ClientAuth::None
                }
            };
            if client_auth != ClientAuth::None && !table.has("client_ca") {
                table
                    .document()
                    .problem_with(&text, "needs \"client_ca\", the authority that signs the callers' certificates");
            }
        }
    }
    table.close();
    Some(TlsConfig { certificate: certificate?, key: key?, client_ca, client_auth })
}

fn partner(table: &Table<'_>, taken: &mut Names) -> Option<PartnerConfig> {
    let name = name(table, taken);
    let certificate = table.table("certificate").and_then(|certificate| {
        let (cn, sha256) = (certificate.string("subject_cn"), sha256(&certificate, "sha256"));
        certificate.close();
        match (cn, sha256) {
            (Some(cn), None) => Some(Credential::Certificate(Certificate::SubjectCn(cn.value))),
            (None, Some(hash)) => Some(Credential::Certificate(Certificate::Sha256(hash))),
            _ => {
                certificate.problem("needs one of \"subject_cn\" and \"sha256\"");
                None
            }
        }
    });
    let api_key = sha256(table, "api_key_sha256").map(Credential::ApiKeySha256);
    if certificate.is_some() && api_key.is_some() {
        table.problem("has a certificate and an API key, one of them would be right");
    }
    table.close();
    Some(PartnerConfig { name: name?, credential: certificate.or(api_key), line: table.line() })
}

fn sha256(table: &Table<'_>, key: &str) -> Option<String> {
    let text = table.string(key)?;
    let hex = text.value.to_ascii_lowercase().replace(':', "");
    if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        table.document().problem_with(&text, "must be a SHA-256 as 64 hexadecimal digits");
        return None;
    }
    Some(hex)
}

fn upstream(name: String, table: &Table<'_>) -> Option<UpstreamConfig> {
    let targets = table.strings("targets").unwrap_or_default();
    if targets.is_empty() {
        table.problem("\"targets\" needs at least one, such as [\"http://127.0.0.1:9000\"]");
    }
    for target in &targets {
        let host = target.value.strip_prefix("http://").or_else(|| target.value.strip_prefix("https://"));
        if host.is_none_or(|host| host.is_empty() || host.contains(['/', '?', '#', ' '])) {
            table
                .document()
                .problem_with(target, format_args!("{:?} is no target, such as http://127.0.0.1:9000", target.value));
        }
    }
    let ca = table.file("ca").map(|ca| ca.value);
    table.close();
    Some(UpstreamConfig {
        name,
        targets: targets.into_iter().map(|target| target.value).collect(),
        ca,
        line: table.line(),
    })
}

fn limits(root: &Table<'_>) -> Limits {
    let mut limits = Limits {
        header_size: 32 << 10,
        body_size: 8 << 20,
        body_memory: 256 << 20,
        header_time: Duration::from_secs(10),
        body_time: Duration::from_secs(30),
        connections: 4096,
        requests: 1024,
        shutdown_time: Duration::from_secs(20),
    };
    if let Some(table) = root.table("limits") {
        limits.header_size = table.size("header_size").unwrap_or(limits.header_size);
        limits.body_size = table.size("body_size").unwrap_or(limits.body_size);
        limits.body_memory = table.size("body_memory").unwrap_or(limits.body_memory);
        limits.header_time = table.duration("header_time").unwrap_or(limits.header_time);
        limits.body_time = table.duration("body_time").unwrap_or(limits.body_time);
        limits.connections = table.number("connections", 1..=1_000_000).unwrap_or(limits.connections);
        limits.requests = table.number("requests", 1..=1_000_000).unwrap_or(limits.requests);
        limits.shutdown_time = table.duration("shutdown_time").unwrap_or(limits.shutdown_time);
        table.close();
    }
    limits
}
