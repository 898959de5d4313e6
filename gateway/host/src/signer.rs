//! What signs documents: a private key and the certificates that belong to it.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self, EcdsaKeyPair, KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::failure::KeyError;

/// What signs documents: a private key, and its certificates as base64 of their DER, the signer's own first.
pub(crate) struct Signer {
    key: SigningKey,
    pub(crate) certificates: Vec<String>,
}

enum SigningKey {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
}

impl Signer {
    pub(crate) fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let key = PrivateKeyDer::from_pem_slice(pem).map_err(|error| {
            KeyError(format!("no private key in it: {error}; PKCS#8, PKCS#1 or SEC1 would be right"))
        })?;
        let certificates = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| KeyError(format!("a certificate in it cannot be read: {error}")))?;
        let own = certificates
            .first()
            .ok_or_else(|| KeyError("no certificate in it: the key's own would stand beside it".into()))?;
        let key = SigningKey::from_der(&key)?;
        let (_, parsed) = x509_parser::parse_x509_certificate(own)
            .map_err(|error| KeyError(format!("its certificate cannot be read: {error}")))?;
        if *parsed.public_key().subject_public_key.data != *key.public_key() {
            return Err(KeyError("its first certificate belongs to another key".into()));
        }
        Ok(Self { key, certificates: certificates.iter().map(|certificate| BASE64.encode(certificate)).collect() })
    }

    /// The URI of the signature's algorithm, as XML signatures name it.
    pub(crate) fn algorithm(&self) -> &'static str {
        match self.key {
            SigningKey::Rsa(_) => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            SigningKey::P256(_) => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        }
    }

    /// Signs with SHA-256: PKCS#1 1.5 for RSA; for P-256 the two numbers one after the other, as XML signatures have them.
    pub(crate) fn sign(&self, data: &[u8]) -> Result<Vec<u8>, String> {
        let random = SystemRandom::new();
        let failed = |_| "the key could not sign".to_owned();
        match &self.key {
            SigningKey::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&signature::RSA_PKCS1_SHA256, &random, data, &mut signature).map_err(failed)?;
                Ok(signature)
            }
            SigningKey::P256(pair) => Ok(pair.sign(&random, data).map_err(failed)?.as_ref().to_vec()),
        }
    }
}

impl SigningKey {
    fn from_der(der: &PrivateKeyDer<'_>) -> Result<Self, KeyError> {
        let p256 = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
        let rejected = |_| {
            KeyError(
                "its private key is of no kind taken here: RSA of 2,048 bits or more, or P-256 would be right".into(),
            )
        };
        match der {
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()).map(Self::Rsa).map_err(rejected),
            PrivateKeyDer::Sec1(key) => {
                EcdsaKeyPair::from_private_key_der(p256, key.secret_sec1_der()).map(Self::P256).map_err(rejected)
            }
            PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der())
                .map(Self::Rsa)
                .or_else(|_| EcdsaKeyPair::from_pkcs8(p256, key.secret_pkcs8_der()).map(Self::P256))
                .map_err(rejected),
            _ => Err(KeyError(
                "its private key is in a form not taken here: PKCS#8, PKCS#1 or SEC1 would be right".into(),
            )),
        }
    }

    fn public_key(&self) -> Vec<u8> {
        match self {
            Self::Rsa(pair) => pair.public_key().as_ref().to_vec(),
            Self::P256(pair) => pair.public_key().as_ref().to_vec(),
        }
    }
}
