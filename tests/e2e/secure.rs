//! The whole line where all three servers ask for TLS and a password; a wrong password or authority is said in the log.

use std::time::Duration;

use tallygate_test_servers::Options;

use crate::harness::audit::Audit;
use crate::harness::backends::Servers;
use crate::harness::eventually::eventually;
use crate::harness::ledger::Ledger;
use crate::harness::process::Process;
use crate::harness::sender::Senders;
use crate::harness::settled::until_balanced;
use crate::harness::site::{SPREADS, Site};

const ALL: &str = "gateway,shipper,aggregator,console";
const SETTLED: Duration = Duration::from_secs(60);
const COMPLAINED: Duration = Duration::from_secs(40);

#[test]
fn with_tls_and_passwords_on_all_servers_the_line_is_exact_and_strangers_are_told_why() {
    let servers = Servers::start_with(Options::SECURE);
    let [site, _] = SPREADS.map(|spread| {
        let site = Site::real(&servers).spread_by(spread);
        let process = site.up("all", ALL);
        let senders = Senders::new(&site.certs(), &[process.partners_port]);
        senders.send(120, 50);
        until_balanced(&process, &[], SETTLED);
        assert_eq!(Audit::of(&Ledger::of(&process), &senders).differences(), Vec::<String>::new());
        assert!(process.stop().success(), "{}", process.last_words());
        site
    });

    let password = |server: &tallygate_test_servers::Server| server.credentials().unwrap().password;
    let ca = |server: &tallygate_test_servers::Server| server.ca().unwrap().display().to_string();
    let own_ca = site.certs().join("server-ca.pem").display().to_string();
    let (rabbit, kafka, cassandra) = (&servers.rabbit, &servers.kafka, &servers.cassandra);
    // Server, what is wrong in the configuration, who finds out, what the log must say.
    let strangers = [
        (
            "queue-password",
            ("queue", format!(":{}@", password(rabbit)), ":wrong@".to_owned()),
            "gateway",
            "ACCESS_REFUSED",
        ),
        ("queue-authority", ("queue", ca(rabbit), own_ca.clone()), "gateway", "certificate"),
        (
            "stream-password",
            ("stream", format!("\"{}\"", password(kafka)), "\"wrong\"".to_owned()),
            "shipper",
            "uthentication",
        ),
        ("stream-authority", ("stream", ca(kafka), own_ca.clone()), "shipper", "certificate verify failed"),
        (
            "sums-password",
            ("sums", format!("password = \"{}\"", password(cassandra)), "password = \"wrong\"".to_owned()),
            "shipper",
            "password are incorrect",
        ),
        ("sums-authority", ("sums", ca(cassandra), own_ca), "shipper", "certificate"),
    ];
    let strangers = strangers.map(|(name, (section, from, to), role, reason)| {
        let stranger = site.process(name, role);
        change(&stranger, section, &from, &to);
        stranger.start();
        (stranger, reason)
    });
    for (stranger, reason) in &strangers {
        let line =
            eventually(&format!("{} complains of {reason}", stranger.name), COMPLAINED, || complaint(stranger, reason));
        eprintln!("{}: {line}", stranger.name);
    }
}

/// Puts one text in place of another in a section of a process's configuration.
fn change(process: &Process, section: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(&process.config).unwrap();
    let start = text.find(&format!("\n[{section}]")).unwrap();
    let end = text[start + 1..].find("\n[").map_or(text.len(), |end| start + 1 + end);
    assert!(text[start..end].contains(from), "{from} is not in {}", &text[start..end]);
    let changed = text[..start].to_owned() + &text[start..end].replace(from, to) + &text[end..];
    std::fs::write(&process.config, changed).unwrap();
}

/// The line of its log where it warns or fails, in its own words, for this reason.
fn complaint(process: &Process, reason: &str) -> Result<String, String> {
    let log = process.said();
    let own = |line: &&str| [" WARN tallygate", "ERROR tallygate", "tallygate: "].iter().any(|own| line.contains(own));
    let found = log.lines().filter(own).find(|line| line.contains(reason));
    found.map(str::to_owned).ok_or_else(|| process.last_words())
}
