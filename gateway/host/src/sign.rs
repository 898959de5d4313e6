//! Signs one element of an XML document, by one fixed profile: enveloped, exclusive canonical form, SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bergshamra_c14n::{C14nMode, canonicalize_doc};
use bergshamra_xml::NodeSet;
use sha2::{Digest, Sha256};
use uppsala::{Document, NodeId};

use crate::limits;
use crate::signer::Signer;

const XMLDSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// Returns the document with the signature as the last child of the element whose `Id` is `element_id`.
///
/// # Errors
/// Says what is wrong with the document: not well-formed, a DTD, no such element or more than one, signed already.
pub(crate) fn sign_xml(signer: &Signer, document: &[u8], element_id: &str, most: usize) -> Result<Vec<u8>, String> {
    if element_id.is_empty() || !element_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
        return Err(format!("the id {element_id:?} is not of letters, digits, `-`, `_` and `.`"));
    }
    let text = std::str::from_utf8(document).map_err(|_| "the document is not UTF-8")?;
    if text.len() > most {
        return Err(format!("the document has {} bytes, and {most} is the most", text.len()));
    }
    check_attributes(text)?;
    let parsed = uppsala::Parser::new()
        .with_forbid_dtd(true)
        .with_max_depth(limits::SIGN_DEPTH)
        .parse(text)
        .map_err(|error| format!("the document is not well-formed XML: {error}"))?;
    let element = find(&parsed, element_id)?;
    let place = place_of_signature(&parsed, element)?;

    let selected = NodeSet::tree_without_comments(element, &parsed);
    let canonical = canonicalize_doc::<&str>(&parsed, C14nMode::Exclusive, Some(&selected), &[])
        .map_err(|error| format!("the document has no canonical form: {error}"))?;
    let signed_info = signed_info(signer.algorithm(), element_id, &BASE64.encode(Sha256::digest(canonical)));
    let signature = signature(signer, &signed_info)?;

    let mut signed = String::with_capacity(text.len() + signature.len());
    signed.push_str(&text[..place]);
    signed.push_str(&signature);
    signed.push_str(&text[place..]);
    Ok(signed.into_bytes())
}

/// SignedInfo in the very bytes of its canonical form, so that it need not be parsed again to be signed.
fn signed_info(algorithm: &str, element_id: &str, digest: &str) -> String {
    format!(
        "<SignedInfo xmlns=\"{XMLDSIG}\">\
         <CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"></CanonicalizationMethod>\
         <SignatureMethod Algorithm=\"{algorithm}\"></SignatureMethod>\
         <Reference URI=\"#{element_id}\"><Transforms>\
         <Transform Algorithm=\"{XMLDSIG}enveloped-signature\"></Transform>\
         <Transform Algorithm=\"{EXCLUSIVE}\"></Transform></Transforms>\
         <DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></DigestMethod>\
         <DigestValue>{digest}</DigestValue></Reference></SignedInfo>"
    )
}

fn signature(signer: &Signer, signed_info: &str) -> Result<String, String> {
    let value = BASE64.encode(signer.sign(signed_info.as_bytes())?);
    let mut signature = format!(
        "<Signature xmlns=\"{XMLDSIG}\">{signed_info}<SignatureValue>{value}</SignatureValue><KeyInfo><X509Data>"
    );
    for certificate in &signer.certificates {
        signature.extend(["<X509Certificate>", certificate, "</X509Certificate>"]);
    }
    signature.push_str("</X509Data></KeyInfo></Signature>");
    Ok(signature)
}

/// A cheap look before the parser's, whose time grows with the square of an element's attributes. It counts them as XML has
/// them, each with its `=` outside of a value, and passes over comments, CDATA and instructions, in which there are none.
fn check_attributes(text: &str) -> Result<(), String> {
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let aside = [("!--", "-->"), ("![CDATA[", "]]>"), ("?", "?>")];
        rest = match aside.iter().find(|(begin, _)| rest.starts_with(begin)) {
            Some((begin, end)) => {
                let inside = &rest[begin.len()..];
                inside.find(end).map_or("", |at| &inside[at + end.len()..])
            }
            None => behind_tag(rest)?,
        };
    }
    Ok(())
}

/// What stands behind a tag that was entered, where it has no more attributes than it may.
fn behind_tag(tag: &str) -> Result<&str, String> {
    let (mut attributes, mut quote) = (0, None);
    for (at, byte) in tag.bytes().enumerate() {
        match (byte, quote) {
            (b'<', _) => return Err("the document is not well-formed XML: a `<` within a tag".into()),
            (b'>', None) => return Ok(&tag[at + 1..]),
            (b'\'' | b'"', None) => quote = Some(byte),
            (_, Some(open)) if open == byte => quote = None,
            (b'=', None) => attributes += 1,
            _ => {}
        }
        if attributes > limits::SIGN_ATTRIBUTES {
            return Err(format!("an element with more than {} attributes", limits::SIGN_ATTRIBUTES));
        }
    }
    Ok("")
}

fn find(document: &Document<'_>, id: &str) -> Result<NodeId, String> {
    let mut found = None;
    let root = document.document_element().ok_or("the document has no element")?;
    for node in std::iter::once(root).chain(document.descendants(root)) {
        let Some(element) = document.element(node) else {
            continue;
        };
        if element.matches_name_ns(XMLDSIG, "Signature") {
            return Err("the document has a signature already".into());
        }
        if element.get_attribute("Id") == Some(id) && found.replace(node).is_some() {
            return Err(format!("more than one element has the Id {id}"));
        }
    }
    found.ok_or_else(|| format!("no element has the Id {id}"))
}

/// Where the element's end tag begins.
fn place_of_signature(document: &Document<'_>, element: NodeId) -> Result<usize, String> {
    let range = document.node_range(element).ok_or("the element cannot be found in the document's text")?;
    let source = document.input_text().get(range.clone()).unwrap_or_default();
    if source.ends_with("/>") {
        return Err("the element is empty, and there is nothing to sign".into());
    }
    source.rfind("</").map(|at| range.start + at).ok_or_else(|| "the element has no end tag".into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::time::{Duration, Instant};

    use super::{limits, sign_xml};
    use crate::keys::Keys;

    fn sign(document: &str, id: &str) -> Result<String, String> {
        let keys = Keys::throw_away().unwrap();
        sign_xml(keys.signer("any")?, document.as_bytes(), id, limits::SIGN_BYTES_MOST)
            .map(|signed| String::from_utf8(signed).unwrap())
    }

    #[test]
    fn the_signature_is_the_last_child_of_the_element() {
        let signed = sign("<a><b Id='1x'>t<c/></b><d/></a>", "1x").unwrap();
        assert!(signed.starts_with("<a><b Id='1x'>t<c/><Signature xmlns="), "{signed}");
        assert!(signed.ends_with("</Signature></b><d/></a>"), "{signed}");
        assert!(signed.contains("<Reference URI=\"#1x\">"), "{signed}");
    }

    #[test]
    fn what_cannot_be_signed_is_refused_saying_why() {
        for (document, id, why) in [
            ("<a Id='x'>", "x", "not well-formed"),
            ("<!DOCTYPE a><a Id='x'>1</a>", "x", "not well-formed"),
            ("<a Id='y'>1</a>", "x", "no element has the Id x"),
            ("<a Id='x'><b Id='x'/></a>", "x", "more than one element has the Id x"),
            ("<a Id='x'/>", "x", "the element is empty"),
            ("<a Id='x'><Signature xmlns='http://www.w3.org/2000/09/xmldsig#'/></a>", "x", "a signature already"),
            ("<a Id='x'>1</a>", "", "is not of letters"),
            ("<a Id='x'>1</a>", "x\"/><b", "is not of letters"),
        ] {
            let error = sign(document, id).unwrap_err();
            assert!(error.contains(why), "{document}: {error}");
        }
    }

    #[test]
    fn what_looks_like_the_end_of_a_tag_in_a_value_is_none() {
        for document in ["<a Id='x' b='>' c=\">'\">it's > 1 = 1</a>", "<a Id='x'><!-- ' --><b c='>'/>\"</a>"] {
            let signed = sign(document, "x").unwrap();
            assert!(signed.starts_with(&document[..document.len() - "</a>".len()]), "{signed}");
        }
    }

    #[test]
    fn only_attributes_are_counted_as_such() {
        let many = "a='1' ".repeat(limits::SIGN_ATTRIBUTES + 1);
        for inside in
            [many.clone(), format!("<!-- {many} -->"), format!("<![CDATA[<b {many}]]>"), format!("<?p {many}?>")]
        {
            assert!(sign(&format!("<a Id='x' b='{}'>{inside}</a>", "=".repeat(100)), "x").is_ok(), "{inside}");
        }
        let exactly = (1..limits::SIGN_ATTRIBUTES).map(|n| format!("a{n}='>' ")).collect::<String>();
        assert!(sign(&format!("<a Id='x' {exactly}>1</a>"), "x").is_ok());
        assert!(sign(&format!("<a Id='x' {exactly} b=''>1</a>"), "x").is_err());
    }

    #[test]
    fn a_document_made_to_take_long_is_refused_soon() {
        let attributes = |value: &str| (0..50_000).map(|n| format!("a{n}={value} ")).collect::<String>();
        let wide = ["''", "'>'", "\">\"", "\"'>\""].map(|value| format!("<a Id='x' {}>1</a>", attributes(value)));
        // A quote in a comment opens no value.
        let hidden = format!("<a Id='x'><!-- ' --><b {}/></a>", attributes("'>'"));
        let start = Instant::now();
        for document in wide.iter().chain([&hidden]) {
            let error = sign(document, "x").map(drop).unwrap_err();
            assert!(error.contains("more than 64 attributes"), "{}: {error}", &document[..40]);
        }
        // Nor does one in a text, and what looks like a comment in a value is none.
        let text = format!("<a Id='x'>it's <b {}/></a>", attributes("'>'"));
        let value = format!("<a Id='x' y='<!--' {}>1</a>", attributes("'>'"));
        assert!(sign(&text, "x").is_err() && sign(&value, "x").is_err());
        for document in ["<a>".repeat(100_000), "x".repeat(limits::SIGN_BYTES_MOST + 1)] {
            assert!(sign(&document, "x").is_err());
        }
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }
}
