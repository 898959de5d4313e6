//! One PEM file, or what stands for one.

use std::fmt::Display;
use std::path::Path;

use rustls::RootCertStore;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::TlsError;

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
            .map_err(|error| self.unusable(format_args!("must be certificates in PEM: {error}")))?;
        if all.is_empty() {
            return Err(self.unusable("must hold at least one certificate in PEM"));
        }
        Ok(all)
    }

    /// The private key in it.
    ///
    /// # Errors
    /// [`TlsError::Unusable`] with the name.
    pub fn key(&self) -> Result<PrivateKeyDer<'static>, TlsError> {
        PrivateKeyDer::from_pem_slice(&self.contents)
            .map_err(|error| self.unusable(format_args!("must be a private key in PEM: {error}")))
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
