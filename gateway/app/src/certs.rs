//! A development authority with everything the demo needs, made on the spot; never overwrites what is there.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use rand::distr::{Alphanumeric, SampleString};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_RSA_SHA256, RsaKeySize, date_time_ymd,
};

/// How long these certificates hold, in years from the one they are made in.
const YEARS: i32 = 5;
const SECRET_LETTERS: usize = 32;
const HMAC_KEY_BYTES: usize = 32;

/// What was made, and what was there already.
#[derive(Debug, Default)]
pub struct Made {
    /// Files written.
    pub written: Vec<PathBuf>,
    /// Files left as they were.
    pub kept: Vec<PathBuf>,
}

/// Makes what is missing in a folder: `server-ca`, `gateway`, `partners-ca`, one pair for each partner, `fiscal` (RSA, to
/// sign replies), `jir.key`, and the operator's password, its hash, and a token.
///
/// # Errors
/// When a file cannot be written, or a key that is there cannot be read.
pub fn make(folder: &Path, partners: &[String]) -> Result<Made> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let mut desk = Desk { folder, made: Made::default() };
    let server_ca = desk.authority("server-ca", "Tallygate development servers")?;
    desk.pair("gateway", "localhost", &server_ca, ExtendedKeyUsagePurpose::ServerAuth)?;
    let partners_ca = desk.authority("partners-ca", "Tallygate development partners")?;
    for partner in partners {
        desk.pair(partner, partner, &partners_ca, ExtendedKeyUsagePurpose::ClientAuth)?;
    }
    desk.signer("fiscal", &server_ca)?;
    if desk.lacks("jir.key") {
        desk.write("jir.key", &rand::random::<[u8; HMAC_KEY_BYTES]>())?;
    }
    if desk.lacks("operator.hash") {
        let password = Alphanumeric.sample_string(&mut rand::rng(), SECRET_LETTERS);
        let hash = Argon2::default()
            .hash_password(password.as_bytes())
            .map_err(|e| anyhow::anyhow!("cannot hash a password: {e}"))?;
        desk.write("operator.password", password.as_bytes())?;
        desk.write("operator.hash", hash.to_string().as_bytes())?;
    }
    if desk.lacks("operator.token") {
        desk.write("operator.token", Alphanumeric.sample_string(&mut rand::rng(), SECRET_LETTERS).as_bytes())?;
    }
    Ok(desk.made)
}

struct Desk<'f> {
    folder: &'f Path,
    made: Made,
}

type Authority = Issuer<'static, KeyPair>;

impl Desk<'_> {
    fn lacks(&mut self, name: &str) -> bool {
        let path = self.folder.join(name);
        let there = path.exists();
        if there {
            self.made.kept.push(path);
        }
        !there
    }

    /// Secrets and certificates alike are written for their owner alone.
    fn write(&mut self, name: &str, content: &[u8]) -> Result<()> {
        let path = self.folder.join(name);
        OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(content))
            .with_context(|| format!("cannot write {}", path.display()))?;
        self.made.written.push(path);
        Ok(())
    }

    fn read(&self, name: &str) -> Result<String> {
        let path = self.folder.join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    fn authority(&mut self, name: &str, common_name: &str) -> Result<Authority> {
        let (certificate, key) = (format!("{name}.pem"), format!("{name}.key"));
        if !self.lacks(&certificate) {
            return Ok(Issuer::from_ca_cert_pem(&self.read(&certificate)?, KeyPair::from_pem(&self.read(&key)?)?)?);
        }
        let mut params = params(common_name, Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let pair = KeyPair::generate()?;
        self.write(&key, pair.serialize_pem().as_bytes())?;
        self.write(&certificate, params.self_signed(&pair)?.pem().as_bytes())?;
        Ok(Issuer::new(params, pair))
    }

    fn pair(
        &mut self,
        name: &str,
        common_name: &str,
        authority: &Authority,
        usage: ExtendedKeyUsagePurpose,
    ) -> Result<()> {
        let certificate = format!("{name}.pem");
        if !self.lacks(&certificate) {
            return Ok(());
        }
        let is_server = usage == ExtendedKeyUsagePurpose::ServerAuth;
        let names =
            if is_server { vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()] } else { Vec::new() };
        let mut params = params(common_name, names)?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        let pair = KeyPair::generate()?;
        self.write(&format!("{name}.key"), pair.serialize_pem().as_bytes())?;
        self.write(&certificate, params.signed_by(&pair, authority)?.pem().as_bytes())
    }

    /// Key and certificate in one file, RSA because the fiscal clients know no other.
    fn signer(&mut self, name: &str, authority: &Authority) -> Result<()> {
        let file = format!("{name}.pem");
        if !self.lacks(&file) {
            return Ok(());
        }
        let mut params = params(name, Vec::new())?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
        let certificate = params.signed_by(&pair, authority)?.pem();
        self.write(&file, format!("{}{certificate}", pair.serialize_pem()).as_bytes())
    }
}

fn params(common_name: &str, names: Vec<String>) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, common_name);
    let year = i32::from(jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).year());
    params.not_before = date_time_ymd(year, 1, 1);
    params.not_after = date_time_ymd(year + YEARS, 1, 1);
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_what_is_missing_and_keeps_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let first = make(folder.path(), &["shop-1".to_owned()]).unwrap();
        assert!(first.kept.is_empty());
        let token = fs::read(folder.path().join("operator.token")).unwrap();
        let second = make(folder.path(), &["shop-1".to_owned(), "shop-2".to_owned()]).unwrap();
        let written: Vec<_> = second.written.iter().filter_map(|path| path.file_name()?.to_str()).collect();
        assert_eq!(written, ["shop-2.key", "shop-2.pem"]);
        assert_eq!(fs::read(folder.path().join("operator.token")).unwrap(), token);
    }
}
