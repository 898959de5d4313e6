//! A real till: the library `fiskal-hr`, as it is published, sends to the gateway and accepts its signed replies.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rcgen::{CertificateParams, DnType, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};

use crate::harness::checkout::{checkout, policies};
use crate::harness::process::Process;
use crate::harness::said::said;
use crate::harness::settled::until_balanced;
use crate::harness::site::Site;

const ALL: &str = "gateway,shipper,aggregator,console";
const SETTLED: Duration = Duration::from_secs(30);
/// Well-formed OIBs, by their control digits, and nobody's.
const LISTED: &str = "98765432198";
const UNLISTED: &str = "12345678903";

/// A till with its own certificate and key.
struct Till {
    folder: PathBuf,
    certs: PathBuf,
    port: u16,
}

impl Till {
    fn new(site: &Site, process: &Process) -> Self {
        let till = Self { folder: site.path().to_owned(), certs: site.certs(), port: process.partners_port };
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "FISKAL 1");
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        std::fs::write(till.pair(), key.serialize_pem() + &certificate).unwrap();
        till
    }

    fn pair(&self) -> PathBuf {
        self.folder.join("till.pem")
    }

    /// Sends an echo and then so many times the same invoice, and believes replies that this certificate signed.
    fn send(&self, path: &str, service: &Path, oib: &str, total: &str, times: u32) -> Value {
        let python = checkout(".servers/venv/bin/python");
        assert!(python.exists(), "there is no {}: run setup/install-clients", python.display());
        let wsdl = self.folder.join("service.wsdl");
        let address = format!("https://localhost:{}{path}", self.port);
        std::fs::write(&wsdl, include_str!("fiscal/service.wsdl").replace("@ADDRESS@", &address)).unwrap();
        let mut command = Command::new(python);
        command.arg(checkout("tests/e2e/fiscal/client.py")).args([
            &wsdl,
            &self.certs.join("server-ca.pem"),
            &self.pair(),
        ]);
        command.arg(service).args([oib, total, &times.to_string()]);
        // Its HTTP library would trust these rather than the authority it is given.
        command.env_remove("REQUESTS_CA_BUNDLE").env_remove("CURL_CA_BUNDLE").env("TZ", "Europe/Zagreb");
        said(command).json()
    }
}

fn sums(process: &Process, day: &Value, key: &str) -> Value {
    process.says(&["sums", "--day", day.as_str().unwrap(), "--key", key, "--json"]).json()["sums"].clone()
}

#[test]
fn a_published_till_sends_invoices_and_believes_the_signed_replies() {
    let policies = policies();
    let site = Site::embedded().with_sections(&format!(
        r#"
[[routes]]
name = "listed"
path = "/listed"
methods = ["POST"]
partner = "tills"
policies = ["listed"]

[policies.listed]
component = "{policies}/hr-racun.wasm"
config = {{ oibs = ["{LISTED}"] }}
keys = {{ reply = "certs/fiscal.pem", jir = "certs/jir.key" }}
"#
    ));
    let process = site.up("all", ALL);
    let till = Till::new(&site, &process);
    let signer = site.certs().join("fiscal.pem");

    let sent = till.send("/tills", &signer, UNLISTED, "125.00", 3);
    let jirs = sent["jirs"].as_array().unwrap();
    assert_eq!(jirs.len(), 3, "{sent}");
    assert!(jirs.iter().all(|jir| jir == &jirs[0]), "a resend gets the JIR it got before: {sent}");
    assert_eq!(jirs[0].as_str().unwrap().len(), 36, "{sent}");

    let other = till.send("/tills", &signer, UNLISTED, "-12.50", 1);
    assert_ne!(other["jirs"][0], jirs[0], "another invoice gets another JIR");

    let refused = till.send("/listed", &signer, UNLISTED, "99.00", 1);
    assert_eq!((&refused["jirs"], &refused["errors"]), (&json!([]), &json!([["s005"]])));
    let listed = till.send("/listed", &signer, LISTED, "10.00", 1);
    assert_eq!(listed["errors"], json!([]));

    until_balanced(&process, &[], SETTLED);
    let counted = sums(&process, &sent["day"], UNLISTED);
    assert_eq!((&counted[0]["sum"], &counted[0]["count"]), (&json!("112.50"), &json!(2)), "{counted}");
    let counted = sums(&process, &listed["day"], LISTED);
    assert_eq!((&counted[0]["sum"], &counted[0]["count"]), (&json!("10.00"), &json!(1)), "{counted}");

    let doubted = till.send("/tills", &till.pair(), UNLISTED, "1.00", 1);
    assert_eq!(doubted["errors"], json!([["signature"]]), "a till that expects another signer must refuse the reply");
    assert!(process.stop().success(), "{}", process.last_words());
}
