//! The host as tests have it: a log on stderr, HMAC by the test's own keys, and a stand-in for signatures.
//!
//! Each test has its own, since the test runner gives each a thread.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::world::tallygate::policy::host::Level;

type Signer = Box<dyn FnMut(&str, &[u8], &str) -> Result<Vec<u8>, String>>;

#[derive(Default)]
struct Host {
    keys: BTreeMap<String, Vec<u8>>,
    lines: Vec<(Level, String)>,
    signer: Option<Signer>,
}

thread_local! {
    static HOST: RefCell<Host> = RefCell::default();
}

/// Gives this test a key of that name, for HMAC and for signatures. Without it the host's functions fail, as they do where
/// the operator has set none.
pub fn set_key(name: &str, secret: impl Into<Vec<u8>>) {
    HOST.with_borrow_mut(|host| _ = host.keys.insert(name.to_owned(), secret.into()));
}

/// Takes all keys of this test away.
pub fn forget_keys() {
    HOST.with_borrow_mut(|host| host.keys.clear());
}

/// What this test's policy has logged, from the first line on. It stands on stderr as well.
#[must_use]
pub fn logged() -> Vec<(Level, String)> {
    HOST.with_borrow(|host| host.lines.clone())
}

/// Has this test answer [`host::sign_xml`](crate::host::sign_xml) itself: with key, document and the element's `Id`.
///
/// ```
/// tallygate_policy::testing::on_sign_xml(|_key, _document, _id| Err("the key has expired".to_owned()));
/// assert_eq!(tallygate_policy::host::sign_xml("reply", b"<a Id='x'/>", "x"), Err("the key has expired".to_owned()));
/// ```
pub fn on_sign_xml(signer: impl FnMut(&str, &[u8], &str) -> Result<Vec<u8>, String> + 'static) {
    HOST.with_borrow_mut(|host| host.signer = Some(Box::new(signer)));
}

pub(crate) fn log(level: Level, message: &str) {
    eprintln!("policy: {level:?}: {message}");
    HOST.with_borrow_mut(|host| host.lines.push((level, message.to_owned())));
}

/// Real, by whatever key the test has set.
pub(crate) fn hmac_sha256(key: &str, data: &[u8]) -> Result<Vec<u8>, String> {
    Ok(hmac_sha256::HMAC::mac(data, secret(key)?).to_vec())
}

/// A stand-in: an empty `Signature` where the host would put the real one, and the host's errors where there is no such
/// element. [`on_sign_xml`] puts something else in its place.
pub(crate) fn sign_xml(key: &str, document: &[u8], element_id: &str) -> Result<Vec<u8>, String> {
    // Taken out for the call, so that what answers may call the host itself.
    if let Some(mut signer) = HOST.with_borrow_mut(|host| host.signer.take()) {
        let signed = signer(key, document, element_id);
        HOST.with_borrow_mut(|host| _ = host.signer.get_or_insert(signer));
        return signed;
    }
    secret(key)?;
    let text = std::str::from_utf8(document).map_err(|error| error.to_string())?;
    let id = [format!(" Id=\"{element_id}\""), format!(" Id='{element_id}'")].iter().find_map(|id| text.find(id));
    let missing = || format!("no element has the Id `{element_id}`");
    let id = id.ok_or_else(missing)?;
    let start = text[..id].rfind('<').ok_or_else(missing)? + 1;
    let name = text[start..].split([' ', '\t', '\r', '\n']).next().ok_or_else(missing)?;
    // Elements of one name within each other are not what policies sign.
    let end = text[id..].find(&format!("</{name}>")).ok_or_else(missing)? + id;
    Ok([&text[..end], "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"/>", &text[end..]].concat().into_bytes())
}

fn secret(key: &str) -> Result<Vec<u8>, String> {
    let missing = || format!("there is no key `{key}`; testing::set_key gives a test one");
    HOST.with_borrow(|host| host.keys.get(key).cloned()).ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use crate::host::{Level, hmac_sha256, log, sign_xml};
    use crate::testing::{forget_keys, logged, on_sign_xml, set_key};

    #[test]
    fn lines_of_the_log_are_kept_in_order() {
        log(Level::Warn, "first");
        log(Level::Debug, "second");
        assert_eq!(logged(), [(Level::Warn, "first".into()), (Level::Debug, "second".into())]);
    }

    /// RFC 4231, test case 2.
    #[test]
    fn hmac_is_the_real_one() {
        set_key("jir", b"Jefe");
        let mac = hmac_sha256("jir", b"what do ya want for nothing?").expect("a key");
        let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn a_key_that_no_test_has_set_is_named() {
        let missing = "there is no key `jir`; testing::set_key gives a test one";
        assert_eq!(hmac_sha256("jir", b""), Err(missing.into()));
        assert_eq!(sign_xml("jir", b"<a Id='x'></a>", "x"), Err(missing.into()));
        set_key("jir", "x");
        assert!(hmac_sha256("jir", b"").is_ok());
        forget_keys();
        assert_eq!(hmac_sha256("jir", b""), Err(missing.into()));
    }

    #[test]
    fn the_stand_in_for_a_signature_stands_where_the_real_one_would() {
        set_key("reply", "");
        let signed = sign_xml("reply", b"<s:E><s:B Id=\"odgovor\"><x/></s:B></s:E>", "odgovor").expect("an element");
        let right =
            "<s:E><s:B Id=\"odgovor\"><x/><Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"/></s:B></s:E>";
        assert_eq!(String::from_utf8(signed).as_deref(), Ok(right));
        assert_eq!(sign_xml("reply", b"<a Id='y'></a>", "x"), Err("no element has the Id `x`".into()));
    }

    #[test]
    fn a_test_can_answer_for_signatures_itself() {
        let mut calls = 0;
        on_sign_xml(move |key, document, id| {
            calls += 1;
            log(Level::Info, &format!("{calls} {key} {id}"));
            Ok(document.to_vec())
        });
        assert_eq!(sign_xml("reply", b"<a/>", "x"), Ok(b"<a/>".to_vec()));
        assert_eq!(sign_xml("reply", b"<a/>", "y"), Ok(b"<a/>".to_vec()));
        assert_eq!(logged(), [(Level::Info, "1 reply x".into()), (Level::Info, "2 reply y".into())]);
    }
}
