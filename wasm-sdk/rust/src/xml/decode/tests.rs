//! Which encodings are taken, and what is said of the others.

use std::borrow::Cow;

use super::decode;
use crate::xml::{Reader, XmlErrorKind};
use encoding_rs::{Encoding, ISO_8859_2, ISO_8859_15, WINDOWS_1250, WINDOWS_1252};
use proptest::prelude::*;

const CZECH: &str = "Příliš žluťoučký kůň";

fn text_of(document: &[u8]) -> String {
    let decoded = decode(document).expect("a document");
    let mut reader = Reader::new(&decoded).expect("UTF-8");
    reader.root().expect("a root");
    let text = reader.text().expect("a text").into_owned();
    reader.finish().expect("an end");
    text
}

fn declared(encoding: &str, text: &[u8]) -> Vec<u8> {
    let declaration = format!("<?xml version='1.0' encoding='{encoding}' standalone='yes'?>\n<a>");
    [declaration.as_bytes(), text, b"</a>"].concat()
}

fn utf_16(document: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    document.encode_utf16().flat_map(unit).collect()
}

fn refusal(document: &[u8]) -> (String, XmlErrorKind) {
    let error = decode(document).expect_err("a refusal");
    (error.to_string(), error.kind)
}

#[test]
fn utf_8_comes_back_as_it_is_and_uncopied() {
    let marked = ["\u{feff}".as_bytes(), &declared("utf-8", b"x")].concat();
    for document in [b"<a/>", &b""[..], b"\xff\xff", &declared("UTF-8", CZECH.as_bytes()), &marked, b"<?xml-x?>"] {
        let decoded = decode(document).expect("UTF-8");
        assert!(matches!(decoded, Cow::Borrowed(same) if std::ptr::eq(same, document)));
    }
}

#[test]
fn each_encoding_is_read_by_its_own_characters() {
    for (names, encoding, text) in [
        ("ISO-8859-2 iso_8859-2 iso8859-2 latin2 L2", ISO_8859_2, CZECH),
        ("windows-1250 CP1250", WINDOWS_1250, "Příliš „žluťoučký“ € kůň"),
        ("windows-1252 cp1252", WINDOWS_1252, "“naïve” € ž"),
        ("ISO-8859-15 iso_8859-15 iso8859-15 Latin-9", ISO_8859_15, "Œuvre à 5 €"),
        ("ISO-8859-1 ISO_8859-1 iso8859-1 latin1 l1", WINDOWS_1252, "Città è ÿ"),
        ("US-ASCII ascii", WINDOWS_1252, "plain"),
    ] {
        let (bytes, _, lost) = encoding.encode(text);
        assert!(!lost, "{names}");
        for name in names.split(' ') {
            assert_eq!(text_of(&declared(name, &bytes)), text, "{name}");
        }
    }
}

#[test]
fn utf_16_is_read_by_its_mark_or_its_declared_order() {
    let text = format!("{CZECH} 😀");
    let document = |name: &str| String::from_utf8(declared(name, text.as_bytes())).expect("UTF-8");
    for name in ["UTF-16", "utf-16le"] {
        assert_eq!(text_of(&utf_16(&format!("\u{feff}{}", document(name)), u16::to_le_bytes)), text);
    }
    for name in ["utf-16", "UTF-16BE"] {
        assert_eq!(text_of(&utf_16(&format!("\u{feff}{}", document(name)), u16::to_be_bytes)), text);
    }
    assert_eq!(text_of(&utf_16(&document("UTF-16LE"), u16::to_le_bytes)), text);
    assert_eq!(text_of(&utf_16(&document("UTF-16BE"), u16::to_be_bytes)), text);
    assert_eq!(text_of(&utf_16("\u{feff}<a>x</a>", u16::to_be_bytes)), "x");
}

#[test]
fn what_was_decoded_declares_utf_8_at_the_same_columns() {
    for (name, after) in [("ISO-8859-2", "UTF-8'     "), ("cp1250", "UTF-8' "), ("L1", "UTF-8'")] {
        let decoded = decode(&declared(name, b"x")).expect("a document").into_owned();
        let declaration = format!("<?xml version='1.0' encoding='{after} standalone='yes'?>\n<a>x</a>");
        assert_eq!(String::from_utf8(decoded), Ok(declaration));
    }
}

#[test]
fn an_encoding_that_is_not_taken_is_named_with_those_that_are() {
    assert_eq!(
        refusal(&declared("Shift_JIS", b"\x83")),
        (
            "the encoding `Shift_JIS` is declared, and taken are UTF-8, UTF-16, US-ASCII, ISO-8859-1, ISO-8859-2, \
             ISO-8859-15, windows-1250 and windows-1252, at line 1, column 31"
                .into(),
            XmlErrorKind::NotTaken
        )
    );
    for document in [b"\xff\xfe\0\0<\0\0\0", b"\0\0\xfe\xff\0\0\0<", &b"<\0\0\0"[..], b"\0\0\0<"] {
        assert!(refusal(document).0.starts_with("the document is in UTF-32, and taken are UTF-8"));
    }
    let error = Reader::new(&declared("ISO-8859-1", b"Citt\xe0")).err().expect("a refusal");
    assert_eq!(
        error.to_string(),
        "the encoding `ISO-8859-1` is declared, and UTF-8 would be taken, at line 1, column 31"
    );
}

#[test]
fn a_byte_that_the_declared_encoding_does_not_have_is_refused_with_its_place() {
    for (name, byte) in [
        ("ISO-8859-1", 0x80),
        ("ISO-8859-1", 0x9f),
        ("ISO-8859-2", 0x85),
        ("ISO-8859-15", 0x80),
        ("windows-1250", 0x81),
        ("windows-1252", 0x9d),
        ("US-ASCII", 0xe0),
    ] {
        let refusal = refusal(&declared(name, &[b'\xe0', b'a', byte][usize::from(name == "US-ASCII")..]));
        let column = if name == "US-ASCII" { 5 } else { 6 };
        let detail = format!("the byte 0x{byte:02X}, which is no character in the declared encoding `{name}`");
        assert_eq!(refusal, (format!("{detail}, at line 2, column {column}"), XmlErrorKind::NotWellFormed));
    }
}

#[test]
fn a_mark_and_a_declaration_that_differ_are_refused() {
    let latin = "<?xml version='1.0' encoding='ISO-8859-1'?><a/>";
    let wide = "<?xml version='1.0' encoding='UTF-16'?><a/>";
    for (document, detail) in [
        (format!("\u{feff}{latin}").into(), "the encoding `ISO-8859-1` is declared behind a byte order mark of UTF-8"),
        (wide.into(), "the encoding `UTF-16` is declared, and the declaration itself is not in it"),
        (
            wide.replace("16", "16BE").into(),
            "the encoding `UTF-16BE` is declared, and the declaration itself is not in it",
        ),
        (utf_16(wide, u16::to_le_bytes), "the encoding `UTF-16` is declared, and no byte order mark stands before it"),
        (utf_16(latin, u16::to_le_bytes), "the encoding `ISO-8859-1` is declared, and the document is in UTF-16LE"),
        (
            utf_16(&format!("\u{feff}{latin}"), u16::to_be_bytes),
            "the encoding `ISO-8859-1` is declared, and the document is in UTF-16BE",
        ),
        (
            utf_16(&format!("\u{feff}{}", wide.replace("16", "16LE")), u16::to_be_bytes),
            "the encoding `UTF-16LE` is declared, and the document is in UTF-16BE",
        ),
        (
            utf_16("<a/>", u16::to_le_bytes),
            "UTF-16 without a byte order mark or a declaration that says UTF-16LE or UTF-16BE",
        ),
    ] {
        let document: Vec<u8> = document;
        let (told, kind) = refusal(&document);
        assert!(told.starts_with(&format!("{detail}, at line 1, ")), "{told}");
        assert_eq!(kind, XmlErrorKind::NotTaken);
    }
}

#[test]
fn half_a_character_of_utf_16_is_refused_with_its_place() {
    let whole = utf_16("\u{feff}<a>\nx", u16::to_le_bytes);
    let error = "half a character of UTF-16, at line 2, column 2".to_owned();
    for broken in [&b"\0"[..], &0xd83d_u16.to_le_bytes(), &0xde00_u16.to_le_bytes()] {
        assert_eq!(refusal(&[&whole, broken].concat()), (error.clone(), XmlErrorKind::NotWellFormed));
    }
}

#[test]
fn a_declaration_that_is_none_is_refused_as_the_reader_would() {
    let told = "an XML declaration that does not begin with a version, at line 1, column 1";
    assert_eq!(refusal(b"<?xml encoding='latin1'?><a/>").0, told);
    assert_eq!(refusal(&utf_16("\u{feff}<?xml?><a/>", u16::to_be_bytes)).0, told);
}

proptest! {
    #[test]
    fn what_encoding_rs_encodes_is_decoded_to_the_same(text in "[ -;=?-~À-žˇ˘€]{0,40}") {
        let text = text.replace('&', "");
        for encoding in [ISO_8859_2, ISO_8859_15, WINDOWS_1250, WINDOWS_1252] {
            let (bytes, encoding, lost): (_, &'static Encoding, _) = encoding.encode(&text);
            if !lost && !text.chars().any(|character| character.is_control()) {
                prop_assert_eq!(text_of(&declared(encoding.name(), &bytes)), text.clone());
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(start in 0..5_usize, bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let starts: [&[u8]; 5] = [b"", b"<?xml version='1.0' encoding='latin1'?>", b"\xff\xfe<\0", b"\xfe\xff\0<", b"<\0"];
        if let Ok(decoded) = decode(&[starts[start], &bytes].concat()) {
            let _ = Reader::new(&decoded).map(|mut reader| reader.root().map(|_| reader.skip()));
        }
    }
}
