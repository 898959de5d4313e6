//! Comments and processing instructions, where a reader is told to pass over them.

use super::declaration;
use super::tag;

/// Which of them a reader passes over; the others it refuses.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Skipped {
    pub(super) comments: bool,
    pub(super) instructions: bool,
}

/// Why one is not passed over.
pub(super) enum Wrong {
    /// The reader was not told to.
    NotTaken(&'static str),
    /// XML does not have it.
    NotWellFormed(&'static str),
}

/// The first byte behind the comment or processing instruction that begins at a place, where `<!` or `<?` stands.
pub(super) fn end(document: &str, at: usize, skipped: Skipped) -> Result<usize, Wrong> {
    let rest = &document[at..];
    if let Some(inside) = rest.strip_prefix("<!--") {
        if !skipped.comments {
            return Err(Wrong::NotTaken("a comment, which is not taken"));
        }
        return comment(inside).map(|length| at + "<!--".len() + length).map_err(Wrong::NotWellFormed);
    }
    if rest.starts_with("<!") {
        return Err(Wrong::NotTaken("a document type, which is not taken"));
    }
    if declaration::begins(rest.as_bytes()) {
        return Err(Wrong::NotWellFormed("an XML declaration elsewhere than at the very beginning"));
    }
    if !skipped.instructions {
        return Err(Wrong::NotTaken("a processing instruction, which is not taken"));
    }
    instruction(document, at + "<?".len()).map_err(Wrong::NotWellFormed)
}

/// Production 15: no `--` but in its end.
fn comment(inside: &str) -> Result<usize, &'static str> {
    let end = inside.find("--").ok_or("a comment without an end")?;
    if !inside[end..].starts_with("-->") {
        return Err("a comment with a `--` in it");
    }
    Ok(end + "-->".len())
}

/// Productions 16 and 17, and a name without a colon, as namespaces have it.
fn instruction(document: &str, start: usize) -> Result<usize, &'static str> {
    let name = tag::name(document, start).filter(|name| name.prefix.is_empty());
    let name = name.ok_or("a processing instruction without a name")?.whole;
    if name.eq_ignore_ascii_case("xml") {
        return Err("a processing instruction with the name that is the declaration's");
    }
    let behind = &document[start + name.len()..];
    if !behind.starts_with([' ', '\t', '\r', '\n']) && !behind.starts_with("?>") {
        return Err("a processing instruction without a blank behind its name");
    }
    let length = behind.find("?>").ok_or("a processing instruction without an end")?;
    Ok(start + name.len() + length + "?>".len())
}

#[cfg(test)]
mod tests {
    use crate::xml::tests::read_on;
    use crate::xml::{Reader, XmlError};

    fn read(document: &str) -> Result<String, String> {
        let reader = Reader::new(document.as_bytes()).map(Reader::skipping_comments).map(Reader::skipping_instructions);
        reader.and_then(read_on).map_err(|error: XmlError| error.detail)
    }

    #[test]
    fn they_may_stand_around_and_between_elements() {
        let document = "<?xml version='1.0'?><?xml-stylesheet href='<a>&'?>\n<!-- <b> & - -->\
            <a><?x?><b><!----><c/><?y ?></b><!-- --> <?z?><d/></a><!-- --><?x y??>\n";
        assert_eq!(read(document).as_deref(), Ok("{}a {}b {}d"));
    }

    #[test]
    fn at_either_end_of_a_text_they_are_passed_over() {
        for (document, text) in [
            ("<text><!-- --><?x?>12</text>", "12"),
            ("<text>12<?x?><!-- --></text>", "12"),
            ("<text><![CDATA[]]><!-- -->&#49;2<!-- --><![CDATA[]]></text>", "12"),
            ("<text><!-- --></text>", ""),
        ] {
            assert_eq!(read(document), Ok(format!("{{}}text {text:?}")), "{document}");
        }
    }

    #[test]
    fn a_text_is_not_split_by_them() {
        for aside in ["<!-- -->", "<!---->", "<?x?>"] {
            for (before, behind) in [("12", "34"), ("12", "&#51;"), ("<![CDATA[12]]>", "<![CDATA[34]]>"), (" ", "34")] {
                let document = format!("<text>\n{before}{aside}{aside}{behind}</text>");
                let error = Reader::new(document.as_bytes())
                    .map(|reader| reader.skipping_comments().skipping_instructions())
                    .and_then(read_on)
                    .expect_err(&document);
                let column = before.len() + 1;
                assert_eq!(
                    error.to_string(),
                    format!("a comment or processing instruction that splits a text, at line 2, column {column}")
                );
            }
        }
    }

    #[test]
    fn each_is_passed_over_only_where_the_reader_was_told_so() {
        let comments = Reader::new(b"<!----><?x?><a/>").expect("UTF-8").skipping_comments();
        assert_eq!(read_on(comments).expect_err("a refusal").detail, "a processing instruction, which is not taken");
        let instructions = Reader::new(b"<?x?><!----><a/>").expect("UTF-8").skipping_instructions();
        assert_eq!(read_on(instructions).expect_err("a refusal").detail, "a comment, which is not taken");
    }

    #[test]
    fn what_xml_does_not_have_is_refused() {
        for (aside, detail) in [
            ("<!DOCTYPE a>", "a document type, which is not taken"),
            ("<!-- -- -->", "a comment with a `--` in it"),
            ("<!-- --->", "a comment with a `--` in it"),
            ("<!--->", "a comment without an end"),
            ("<!-- >", "a comment without an end"),
            ("<?", "a processing instruction without a name"),
            ("<? x?>", "a processing instruction without a name"),
            ("<?x:y?>", "a processing instruction without a name"),
            ("<?x\u{d7}?>", "a processing instruction without a blank behind its name"),
            ("<?x >", "a processing instruction without an end"),
            ("<?XML ?>", "a processing instruction with the name that is the declaration's"),
            ("<?xml version='1.0'?>", "an XML declaration elsewhere than at the very beginning"),
        ] {
            for document in [format!("\n{aside}<a/>"), format!("<a>{aside}</a>"), format!("<text>{aside}</text>")] {
                assert_eq!(read(&document), Err(detail.into()), "{document}");
            }
        }
    }
}
