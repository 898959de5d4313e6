//! One PEM file, or what stands for one.

use std::fmt::Display;
use std::path::Path;

use rustls::RootCertStore;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::TlsError;
use crate::form::{self, Wanted};

/// The contents of a PEM file, with the name that errors call it by.
pub struct Pem {
    name: String,
    contents: Vec<u8>,
}

impl Pem {
    /// Contents that were read already, and what to call them: a file, or a setting.
    pub fn new(name: impl Into<String>, contents: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), contents: contents.into() }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`TlsError::Unusable`] with the file.
    pub fn read(file: &Path) -> Result<Self, TlsError> {
        let name = file.display().to_string();
        match std::fs::read(file) {
            Ok(contents) => Ok(Self { name, contents }),
            Err(error) => Err(TlsError::Unusable { name, problem: format!("I/O error: {error}") }),
        }
    }

    /// All certificates in it, at least one: a chain, or authorities.
    ///
    /// # Errors
    /// [`TlsError::Unusable`] with the name.
    pub fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let all: Vec<_> = CertificateDer::pem_slice_iter(&self.contents)
            .collect::<Result<_, _>>()
            .map_err(|error| self.other_form(Wanted::Certificates, format!("must be certificates in PEM: {error}")))?;
        if all.is_empty() {
            return Err(self.other_form(Wanted::Certificates, "must hold at least one certificate in PEM".to_owned()));
        }
        Ok(all)
    }

    /// The private key in it.
    ///
    /// # Errors
    /// [`TlsError::Unusable`] with the name.
    pub fn key(&self) -> Result<PrivateKeyDer<'static>, TlsError> {
        // Of an encrypted key of the old form, the library reads on into what it cannot decode.
        match PrivateKeyDer::from_pem_slice(&self.contents) {
            Ok(key) => Ok(key),
            Err(error) => Err(self.other_form(Wanted::Key, format!("must be a private key in PEM: {error}"))),
        }
    }

    /// The authorities in it, to be trusted.
    ///
    /// # Errors
    /// [`TlsError::Unusable`] with the name.
    pub fn authorities(&self) -> Result<RootCertStore, TlsError> {
        let mut roots = RootCertStore::empty();
        for certificate in self.certificates()? {
            roots.add(certificate).map_err(|error| self.unusable(error))?;
        }
        Ok(roots)
    }

    /// That it is not of the wanted form; the library's own words where it cannot be told what it is instead.
    fn other_form(&self, wanted: Wanted, otherwise: String) -> TlsError {
        match (form::told(&self.contents, wanted), wanted) {
            (None, _) => self.unusable(otherwise),
            (Some(told), Wanted::Certificates) => {
                self.unusable(format_args!("must hold at least one certificate in PEM: {told}"))
            }
            (Some(told), Wanted::Key) => self.unusable(format_args!("must be a private key in PEM: {told}")),
        }
    }

    /// What is wrong with it, by its name.
    pub fn unusable(&self, problem: impl Display) -> TlsError {
        TlsError::Unusable { name: self.name.clone(), problem: problem.to_string() }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_the_file_that_is_not_there_and_the_one_that_holds_nothing() {
        let missing = Pem::read(Path::new("/nowhere/ca.pem")).err().unwrap().to_string();
        assert!(missing.starts_with("/nowhere/ca.pem: "), "{missing}");
        let empty = Pem::new("client_ca", *b"nothing").authorities().unwrap_err().to_string();
        assert_eq!(empty, "client_ca: must hold at least one certificate in PEM");
        assert!(Pem::new("key.pem", *b"nothing").key().unwrap_err().to_string().starts_with("key.pem: "));
    }

    #[test]
    fn says_what_a_file_is_that_holds_something_else() {
        let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (certificate, key) = (pair.cert.pem(), pair.signing_key.serialize_pem());
        let marked = |text: &str| format!("\u{feff}{text}").into_bytes();
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let pem =
            |label: &str, rest: &str| format!("-----BEGIN {label}-----\n{rest}\n-----END {label}-----\n").into_bytes();
        let old = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nMIIB";
        let mut utf_16 = vec![0xff, 0xfe];
        utf_16.extend(wide(&key));
        for (contents, told) in [
            (pem("ENCRYPTED PRIVATE KEY", "MIIB"), "openssl pkey -in FILE"),
            (pem("RSA PRIVATE KEY", old), "openssl pkey -in FILE"),
            (marked(&key), "byte order mark"),
            (utf_16, "UTF-16"),
            (pair.signing_key.serialize_der(), "openssl pkey -inform der"),
            (vec![0x30, 0x82, 9, 9, 2, 1, 3, 0], "openssl pkcs12"),
            (pem("OPENSSH PRIVATE KEY", "MIIB"), "ssh-keygen"),
            (certificate.clone().into_bytes(), "certificate and no key"),
            (Vec::new(), "empty"),
            (b"nonsense".to_vec(), "no items found"),
        ] {
            let refused = Pem::new("key", contents).key().unwrap_err().to_string();
            assert!(refused.starts_with("key: must be a private key in PEM: ") && refused.contains(told), "{refused}");
        }
        for (contents, told) in [
            (marked(&certificate), "byte order mark"),
            (pair.cert.der().to_vec(), "openssl x509 -inform der"),
            (key.clone().into_bytes(), "holds a private key"),
            (pem("CERTIFICATE REQUEST", "MIIB"), "a request"),
            (pem("TRUSTED CERTIFICATE", "MIIB"), "openssl x509 -in"),
        ] {
            let refused = Pem::new("ca", contents).certificates().unwrap_err().to_string();
            assert!(refused.starts_with("ca: must hold at least one certificate in PEM: "), "{refused}");
            assert!(refused.contains(told), "{refused}");
        }
    }

    #[test]
    fn reads_all_certificates_of_a_file_and_its_key() {
        let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = pair.cert.pem();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("{}{certificate}{certificate}", pair.signing_key.serialize_pem())).unwrap();
        let pem = Pem::read(file.path()).unwrap();
        assert_eq!(pem.certificates().unwrap().len(), 2);
        assert_eq!(pem.authorities().unwrap().len(), 2);
        assert!(pem.key().is_ok());
    }
}
