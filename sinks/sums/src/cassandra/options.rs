//! What the store needs to know of a Cassandra cluster.

use std::fmt;
use std::time::Duration;

use tallygate_tls::TlsFiles;

use super::bad_option::BadOption;
use super::consistency::Consistency;
use super::replication::Replication;
use crate::limits::KEYSPACE_BYTES;
use crate::timeouts;

/// How to reach a cluster, and how to write to it.
#[derive(Clone, Debug)]
pub struct CassandraOptions {
    /// `host:port` of some of its nodes; the others are learnt from these.
    pub contact_points: Vec<String>,
    /// The keyspace, made when missing: small letters, digits and underscores.
    pub keyspace: String,
    /// How a keyspace that we make is replicated, as Cassandra's own map: `class`, and the factor or factors.
    pub replication: Vec<(String, String)>,
    /// The consistency of reads and writes.
    pub consistency: Consistency,
    /// The data centre whose nodes are asked. With a local consistency no others are; without it, any are.
    pub datacenter: Option<String>,
    /// Who we are, where the cluster asks.
    pub credentials: Option<Credentials>,
    /// Encrypts; plain TCP without.
    pub tls: Option<TlsFiles>,
    /// How long each request may take.
    pub request_timeout: Duration,
    /// Writes with the wall clock as timestamp, to prove that tests would notice.
    #[cfg(feature = "faults")]
    pub without_fence: bool,
}

/// A user of the cluster.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The name.
    pub user: String,
    /// The password; never shown.
    pub password: String,
}

impl CassandraOptions {
    /// The keyspace `tallygate` of the cluster with these nodes, one replica, no TLS, no credentials.
    pub fn new(contact_points: Vec<String>) -> Self {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Self {
            contact_points,
            keyspace: "tallygate".to_owned(),
            replication: vec![pair("class", "SimpleStrategy"), pair("replication_factor", "1")],
            consistency: Consistency::default(),
            datacenter: None,
            credentials: None,
            tls: None,
            request_timeout: timeouts::REQUEST,
            #[cfg(feature = "faults")]
            without_fence: false,
        }
    }

    /// Checks the options and the files they name; connects to nothing. What stands in a statement as it is must be
    /// harmless there.
    ///
    /// # Errors
    /// The first option that cannot work.
    pub fn check(&self) -> Result<(), BadOption> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let keyspace = &self.keyspace;
        if !(1..=KEYSPACE_BYTES).contains(&keyspace.len())
            || !keyspace.bytes().all(plain)
            || !keyspace.starts_with(|c: char| c.is_ascii_lowercase())
        {
            return refused(
                "keyspace",
                format!(
                    "{keyspace:?} must be 1 to {KEYSPACE_BYTES} small letters, digits and underscores, and begin \
                 with a letter"
                ),
            );
        }
        if self.contact_points.is_empty() {
            return refused("contact_points", "names no node, \"host:9042\" would be right".to_owned());
        }
        if let Some((place, point)) = self.contact_points.iter().enumerate().find(|(_, point)| !is_address(point)) {
            let problem = format!("{point:?} is no host:port, such as 127.0.0.1:9042");
            return refused(&format!("contact_points[{place}]"), problem);
        }
        if !self.replication.iter().any(|(name, _)| name == "class") {
            return refused(
                "replication",
                "names no class, { class = \"SimpleStrategy\", replication_factor = 1 } would be right".to_owned(),
            );
        }
        let harmless = |text: &str| !text.contains(['\'', '\\']) && !text.contains(char::is_control);
        if let Some((name, value)) = self.replication.iter().find(|(n, v)| !harmless(n) || !harmless(v)) {
            let problem = format!("{value:?} must hold no quotes and no control characters");
            return refused(&format!("replication.{name}"), problem);
        }
        Replication::read(&self.replication)?.check(&self.keyspace, self.consistency, self.datacenter.as_deref())?;
        match self.tls.as_ref().map(TlsFiles::client_config) {
            Some(Err(error)) => refused("tls", error.to_string()),
            _ => Ok(()),
        }
    }
}

fn is_address(text: &str) -> bool {
    let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    port.is_some_and(|(_, port)| port.parse::<u16>().is_ok())
}

fn refused(option: &str, problem: String) -> Result<(), BadOption> {
    Err(BadOption { option: option.to_owned(), problem })
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_would_not_stay_within_its_place_in_a_statement() {
        let good = CassandraOptions::new(vec!["127.0.0.1:9042".into()]);
        assert!(good.check().is_ok());
        let keyspace = |keyspace: &str| CassandraOptions { keyspace: keyspace.into(), ..good.clone() };
        for name in ["", "Tally", "1a", "a-b", "a;b", &"a".repeat(49)] {
            assert!(keyspace(name).check().is_err(), "{name}");
        }
        let replication = vec![("class".to_owned(), "x'; DROP".to_owned())];
        assert!(CassandraOptions { replication, ..good }.check().is_err());
    }

    #[test]
    fn a_password_is_never_shown() {
        let credentials = Credentials { user: "u".into(), password: "secret".into() };
        assert!(!format!("{credentials:?}").contains("secret"));
    }
}
