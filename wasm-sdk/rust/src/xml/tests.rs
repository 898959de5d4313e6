//! What the reader takes, and what it does not.

use super::{ATTRIBUTES, DEPTH, Reader, XmlError, XmlErrorKind, escape};

/// Reads a whole document into a plain form: namespaces in braces, attributes sorted, texts as they are.
fn read(document: &str) -> Result<String, XmlError> {
    read_on(Reader::new(document.as_bytes())?)
}

pub(super) fn read_on(mut reader: Reader<'_>) -> Result<String, XmlError> {
    let root = reader.root()?;
    let mut out = format!("{{{}}}{}", root.namespace, root.local);
    if let Some(a) = reader.attribute("a") {
        out += &format!(" a={a:?}");
    }
    if root.local == "text" {
        out += &format!(" {:?}", reader.text()?);
    } else {
        while let Some(child) = reader.child()? {
            out += &format!(" {{{}}}{}", child.namespace, child.local);
            reader.skip()?;
        }
    }
    reader.finish()?;
    Ok(out)
}

fn refusal(document: &str) -> String {
    match read(document) {
        Ok(read) => panic!("{document} was read as {read}"),
        Err(error) => error.detail,
    }
}

#[test]
fn names_are_known_by_namespace_whatever_the_prefix() {
    for document in
        ["<a xmlns='u'><b/></a>", "<x:a xmlns:x='u'><x:b></x:b></x:a>", "<a xmlns='u'><y:b xmlns:y='u'/></a>"]
    {
        assert_eq!(read(document).as_deref(), Ok("{u}a {u}b"), "{document}");
    }
    assert_eq!(read("<a><b xmlns='u'/><b xmlns=''/><b/></a>").as_deref(), Ok("{}a {u}b {}b {}b"));
    assert_eq!(read("<p:a xmlns:p='u'><p:b xmlns:p='v'><p:c/></p:b><p:b/></p:a>").as_deref(), Ok("{u}a {v}b {u}b"));
}

#[test]
fn texts_have_their_references_resolved_and_their_line_ends_made_one() {
    let cases = [
        ("<text/>", ""),
        ("<text></text>", ""),
        ("<text>12.50</text>", "12.50"),
        ("<text>a&lt;b&#x20AC;&#99;&amp;&quot;&apos;</text>", "a<b€c&\"'"),
        ("<text>a<![CDATA[<b>&amp;]]>c</text>", "a<b>&amp;c"),
        ("<text>a\r\nb\rc</text>", "a\nb\nc"),
        ("<text>a]b]]c</text>", "a]b]]c"),
    ];
    for (document, text) in cases {
        assert_eq!(read(document), Ok(format!("{{}}text {text:?}")), "{document}");
    }
    assert_eq!(read("<x a=' &#10;b&lt;\r\n\tc '/>").as_deref(), Ok("{}x a=\" \\nb<  c \""));
}

#[test]
fn what_stands_around_the_root_is_blank_or_a_declaration() {
    for document in
        ["\u{feff}<?xml version='1.0' encoding='utf-8'?>\n<a/>\n", "<?xml version=\"1.0\"?><a/>", "  <a/>  "]
    {
        assert_eq!(read(document).as_deref(), Ok("{}a"), "{document}");
    }
    assert_eq!(
        refusal("<?xml version='1.0' encoding='ISO-8859-2'?><a/>"),
        "the encoding `ISO-8859-2` is declared, and UTF-8 would be taken"
    );
    assert_eq!(refusal("<a/><b/>"), "something behind the end of the root element");
    assert_eq!(refusal("<a/>x"), "something behind the end of the root element");
    assert_eq!(refusal(""), "no root element");
    assert_eq!(refusal("x<a/>"), "no root element");
}

#[test]
fn what_lets_two_readers_differ_is_not_taken() {
    assert_eq!(refusal("<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>"), "a document type, which is not taken");
    assert_eq!(refusal("<text>1<!-- -->2</text>"), "a comment, which is not taken");
    assert_eq!(refusal("<a><!-- --></a>"), "a comment, which is not taken");
    assert_eq!(refusal("<a><b><!-- --></b></a>"), "a comment, which is not taken");
    assert_eq!(refusal("<a><?pi?></a>"), "a processing instruction, which is not taken");
    assert_eq!(refusal("<a>&e;</a>"), "text where only elements may stand");
    assert_eq!(refusal("<text>&e;</text>"), "a reference to what XML does not have");
    assert_eq!(refusal("<text>1<b/>2</text>"), "an element where only text may stand");
}

#[test]
fn what_is_not_well_formed_is_refused() {
    for document in [
        "<a>",
        "<a></b>",
        "<a></a",
        "<a",
        "<a b></a>",
        "<a b=c/>",
        "<a b='1'c='2'/>",
        "<a b='1/>",
        "<a b='<'/>",
        "<a b='1' b='2'/>",
        "<p:a/>",
        "<a p:b='1'/>",
        "<a xmlns:p=''/>",
        "<a xmlns:xml='u'/>",
        "<a xmlns:p='u' xmlns:p='v'/>",
        "<a xmlns='u' xmlns='v'/>",
        "<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>",
        "<a:b:c xmlns:a='u'/>",
        "<1a/>",
        "<-a/>",
        "<:a/>",
        "<a:/>",
        "< a/>",
        "<a><b></a></b>",
        "<text>&#0;</text>",
        "<text>&#x1F;</text>",
        "<text>&#xD800;</text>",
        "<text>&#+65;</text>",
        "<text>&lt</text>",
        "<text>&</text>",
        "<text>]]></text>",
        "<a><b>]]></b></a>",
        "<text>\u{1}</text>",
        "<text>\u{ffff}</text>",
        "<text><![CDATA[x</text>",
        "<a>\u{b}</a>",
    ] {
        refusal(document);
    }
}

#[test]
fn attributes_and_depth_are_limited() {
    let with = |count: usize| format!("<a {}/>", (0..count).map(|n| format!("a{n}='' ")).collect::<String>());
    assert!(read(&with(ATTRIBUTES)).is_ok());
    assert_eq!(refusal(&with(ATTRIBUTES + 1)), format!("more than {ATTRIBUTES} attributes"));
    let deep = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert!(read(&deep(DEPTH)).is_ok());
    assert_eq!(refusal(&deep(DEPTH + 1)), format!("elements nested deeper than {DEPTH}"));
}

#[test]
fn an_error_says_where() {
    let error = read("<a>\n  <b>]]></b></a>").expect_err("not well-formed");
    assert_eq!(error.to_string(), "a `]]>` in a text, at line 2, column 6");
}

#[test]
fn a_wrong_end_tag_is_told_with_the_right_one() {
    for (document, detail) in [
        ("<a><b></c></a>", "the end tag `</c>` where `</b>` would be right"),
        ("<a><b></a></b>", "the end tag `</a>` where `</b>` would be right"),
        ("<x:a xmlns:x='u'></a>", "the end tag `</a>` where `</x:a>` would be right"),
        ("<a></ab>", "the end tag `</ab>` where `</a>` would be right"),
        ("<a></a", "the end tag `</a` without a `>`"),
        ("<a></a b>", "the end tag `</a` without a `>`"),
        ("<a></ a>", "an end tag without a name where `</a>` would be right"),
    ] {
        assert_eq!(refusal(document), detail, "{document}");
    }
    let long = "č".repeat(1000);
    let told = refusal(&format!("<{long}></x>"));
    assert!(told.len() < 200 && told.ends_with("č>` would be right"), "{told}");
    assert!(refusal(&format!("<{long}></{long} b>")).ends_with("č` without a `>`"));
    assert!(refusal(&format!("<{long}></{long}x>")).starts_with("the end tag `</č"));
}

#[test]
fn what_nobody_can_read_is_told_from_what_is_not_taken() {
    let kind = |document: &str| read(document).expect_err("a refusal").kind;
    for document in ["<a>", "", "<a></b>", "<a>\u{1}</a>", "<?xml?><a/>", "<p:a/>", "<a b='1' b='1'/>"] {
        assert_eq!(kind(document), XmlErrorKind::NotWellFormed, "{document}");
    }
    for document in ["<!DOCTYPE a><a/>", "<a><!----></a>", "<a>1</a>", "<text><b/></text>", "<?x?><a/>"] {
        assert_eq!(kind(document), XmlErrorKind::NotTaken, "{document}");
    }
}

#[test]
fn no_document_makes_it_panic() {
    let whole =
        "\u{feff}<?xml version='1.0'?><p:a xmlns:p='u' a='&lt;č'><b>č&#x10d;<![CDATA[x]]></b><c d='1'/></p:a>\n";
    for (at, _) in whole.char_indices() {
        let _ = read(&whole[..at]);
        let skipping = |document: &str| {
            let reader = Reader::new(document.as_bytes())?.skipping_comments().skipping_instructions();
            read_on(reader)
        };
        for broken in ["<", ">", "&", "<!--", "-->", "<?x", "?>", "č", "]]>", "'", "\r", "</", "<!", "<?", "<![CDATA["]
        {
            let _ = read(&format!("{}{broken}{}", &whole[..at], &whole[at..]));
            let _ = skipping(&format!("{}{broken}{}", &whole[..at], &whole[at..]));
        }
    }
}

#[test]
fn what_is_escaped_reads_the_same() {
    let text = "a<b>&\"c\"'d'\r\n\tč€";
    let mut document = String::from("<text>");
    escape(text, &mut document);
    document.push_str("</text>");
    assert_eq!(read(&document), Ok(format!("{{}}text {text:?}")));
    let mut control = String::new();
    escape("a\0b\u{ffff}", &mut control);
    assert_eq!(control, "a?b?");
}

#[test]
fn a_document_that_is_something_else_is_told_what_it_is() {
    let wide: Vec<u8> = "\u{feff}<a/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (document, told) in [
        (&wide[..], "UTF-16"),
        (&wide[2..], "UTF-16 without a byte order mark"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (b"\xef\xbb\xbf\x1f\x8b\x08\0", "gzip"),
    ] {
        let error = Reader::new(document).err().expect("not refused").to_string();
        assert!(error.contains(told), "{error}");
    }
    assert!(Reader::new("\u{feff}<a/>".as_bytes()).is_ok());
}

#[test]
fn whether_an_element_or_a_text_follows_is_told() {
    for (document, follows, text) in [
        ("<a>\n <b/></a>", true, None),
        ("<a><!-- --><b/></a>", true, None),
        ("<a> x</a>", false, Some("x")),
        ("<a> <![CDATA[x]]></a>", false, Some("x")),
        ("<a>&#120;</a>", false, Some("x")),
        ("<a> </a>", false, Some("")),
        ("<a/>", false, Some("")),
    ] {
        let mut reader = Reader::new(document.as_bytes()).expect("UTF-8").skipping_comments();
        reader.root().expect("a root");
        assert_eq!(reader.child_follows(), Ok(follows), "{document}");
        match text {
            Some(text) => assert_eq!(reader.text().as_deref(), Ok(text), "{document}"),
            None => assert_eq!(reader.child().map(|child| child.map(|child| child.local)), Ok(Some("b")), "{document}"),
        }
    }
    let mut reader = Reader::new(b"<a><!-- --><b/></a>").expect("UTF-8");
    reader.root().expect("a root");
    assert_eq!(reader.child_follows().expect_err("a comment").detail, "a comment, which is not taken");
}
