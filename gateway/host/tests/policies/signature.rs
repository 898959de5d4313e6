//! Checks signatures the way a receiver does: it takes nothing from the signer but the document and the certificate.

use aws_lc_rs::signature::{self, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bergshamra_c14n::{C14nMode, canonicalize};
use sha2::{Digest, Sha256};

/// Whether a document is signed by the key of this certificate (DER).
pub(crate) fn verifies(document: &str, certificate: &[u8]) -> Result<(), String> {
    let (start, end) = span(document, "<Signature ", "</Signature>").ok_or("no signature")?;
    let signature = &document[start..end];
    if document[end..].contains("<Signature ") {
        return Err("two signatures".into());
    }
    // What is signed ends where the signature's parent does: the signature is its last child.
    let parent_end = end + document[end..].find('>').ok_or("no parent")? + 1;
    let name = &document[end + 2..parent_end - 1];
    let parent_start = document.find(&format!("<{name} ")).ok_or("no parent")?;
    let id = value(&document[parent_start..], "Id=\"", "\"").ok_or("no Id")?;
    if !signature.contains(&format!("<Reference URI=\"#{id}\">")) {
        return Err("another reference".into());
    }
    let unsigned = format!("{}{}", &document[parent_start..start], &document[end..parent_end]);
    let digest = BASE64.encode(Sha256::digest(canonical(&unsigned)?));
    if value(signature, "<DigestValue>", "</DigestValue>") != Some(&digest) {
        return Err("another digest".into());
    }
    let (from, to) = span(signature, "<SignedInfo", "</SignedInfo>").ok_or("no SignedInfo")?;
    let signed_info = canonical(&signature[from..to])?;
    let bytes = value(signature, "<SignatureValue>", "</SignatureValue>").and_then(|text| BASE64.decode(text).ok());
    check_key(certificate, signature, &signed_info, &bytes.ok_or("no value")?)
}

fn check_key(certificate: &[u8], signature: &str, signed: &[u8], value: &[u8]) -> Result<(), String> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).map_err(|error| error.to_string())?;
    let key = &parsed.public_key().subject_public_key.data;
    let algorithm: &dyn signature::VerificationAlgorithm = if signature.contains("#rsa-sha256\"") {
        &signature::RSA_PKCS1_2048_8192_SHA256
    } else if signature.contains("#ecdsa-sha256\"") {
        &signature::ECDSA_P256_SHA256_FIXED
    } else {
        return Err("another algorithm".into());
    };
    UnparsedPublicKey::new(algorithm, key).verify(signed, value).map_err(|_| "another key".into())
}

fn canonical(xml: &str) -> Result<Vec<u8>, String> {
    canonicalize::<&str>(xml, C14nMode::Exclusive, None, &[]).map_err(|error| error.to_string())
}

fn span(text: &str, from: &str, to: &str) -> Option<(usize, usize)> {
    let start = text.find(from)?;
    Some((start, start + text[start..].find(to)? + to.len()))
}

/// What stands between two texts.
pub(crate) fn value<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let start = text.find(from)? + from.len();
    text[start..].find(to).map(|end| &text[start..start + end])
}
