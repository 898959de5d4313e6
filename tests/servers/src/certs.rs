//! Makes a certificate authority and a server certificate for one server, on the spot.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

/// The files of one server's TLS, all PEM.
pub(crate) struct Certificates {
    /// What clients trust.
    pub(crate) ca: PathBuf,
    /// The server's certificate, for `localhost` and 127.0.0.1.
    pub(crate) certificate: PathBuf,
    /// Its key, PKCS #8.
    pub(crate) key: PathBuf,
    /// Key, certificate and authority in one file, as the JVM servers like it.
    pub(crate) bundle: PathBuf,
}

impl Certificates {
    pub(crate) fn make(directory: &Path) -> Result<Certificates> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        authority.distinguished_name.push(DnType::CommonName, "a test's authority");
        let authority_key = KeyPair::generate()?;
        let authority_pem = authority.self_signed(&authority_key)?.pem();

        let mut server = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
        server.distinguished_name.push(DnType::CommonName, "localhost");
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let certificate_pem = server.signed_by(&key, &Issuer::new(authority, authority_key))?.pem();
        let key_pem = key.serialize_pem();

        let certificates = Certificates {
            ca: directory.join("ca.pem"),
            certificate: directory.join("server.pem"),
            key: directory.join("server.key"),
            bundle: directory.join("server-bundle.pem"),
        };
        fs::write(&certificates.ca, &authority_pem)?;
        fs::write(&certificates.certificate, &certificate_pem)?;
        write_secret(&certificates.key, &key_pem)?;
        write_secret(&certificates.bundle, &format!("{key_pem}{certificate_pem}{authority_pem}"))?;
        Ok(certificates)
    }
}

/// Writes a file that only its owner may read.
pub(crate) fn write_secret(path: &Path, text: &str) -> Result<()> {
    OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o400)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}
