//! The reader: from element to element, with the namespaces in scope.

use std::borrow::Cow;

use super::error::XmlError;
use super::limits::{ATTRIBUTES, DEPTH};
use super::tag::{self, Attribute};
use super::text;
use crate::scan;

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// The name of an element. Its prefix means nothing and is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    /// The namespace; empty: none.
    pub namespace: &'a str,
    /// The name in it.
    pub local: &'a str,
}

/// Reads a document from front to back. It stands in one element at a time; [`root`](Reader::root) and
/// [`child`](Reader::child) enter one, and [`text`](Reader::text), [`skip`](Reader::skip) and a `child` that returns none
/// leave it.
pub struct Reader<'a> {
    document: &'a str,
    at: usize,
    open: Vec<Open<'a>>,
    scope: Vec<Binding<'a>>,
    attributes: Vec<Attribute<'a>>,
    /// The element entered last was written `<name/>`: it ends without an end tag.
    empty: bool,
}

struct Open<'a> {
    name: &'a str,
    scope: usize,
}

struct Binding<'a> {
    prefix: &'a str,
    namespace: &'a str,
}

impl<'a> Reader<'a> {
    /// Reads what stands before the root element.
    ///
    /// # Errors
    /// On bytes that are no UTF-8, characters XML does not have, another encoding, a DTD, a comment, a processing
    /// instruction.
    pub fn new(document: &'a [u8]) -> Result<Self, XmlError> {
        let document = text::checked(document).map_err(|(at, detail)| XmlError::new(document, at, detail))?;
        let (open, scope, attributes) = (Vec::with_capacity(8), Vec::with_capacity(4), Vec::with_capacity(4));
        let mut reader = Self { document, at: 0, open, scope, attributes, empty: false };
        reader.at = if document.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        if matches!(reader.rest(), [b'<', b'?', b'x', b'm', b'l', b' ' | b'\t' | b'\r' | b'\n', ..]) {
            reader.declaration()?;
        }
        Ok(reader)
    }

    /// Passes over the XML declaration, whose parts have the form of attributes.
    fn declaration(&mut self) -> Result<(), XmlError> {
        self.at += "<?xml".len();
        loop {
            self.blanks();
            if self.rest().starts_with(b"?>") {
                self.at += "?>".len();
                return Ok(());
            }
            let part = tag::attribute(self.document, &mut self.at).or_else(|detail| self.fail(detail))?;
            if part.local == "encoding" && !part.value.eq_ignore_ascii_case("utf-8") {
                return self.fail("another encoding than UTF-8");
            }
        }
    }

    /// Enters the root element.
    ///
    /// # Errors
    /// When there is none, or something else stands before it.
    pub fn root(&mut self) -> Result<Element<'a>, XmlError> {
        self.blanks();
        if !self.open.is_empty() || !self.rest().starts_with(b"<") {
            return self.fail("no root element");
        }
        self.enter()
    }

    /// Enters the next child of the element it stands in; none: there is no further one, and it stands in the parent.
    ///
    /// # Errors
    /// When the document is not well-formed there, or has text between the elements.
    pub fn child(&mut self) -> Result<Option<Element<'a>>, XmlError> {
        if self.leave_empty() {
            return Ok(None);
        }
        self.blanks();
        match self.rest() {
            [b'<', b'/', ..] => self.leave().map(|()| None),
            [b'<', b'!', b'[', ..] => self.fail("text where only elements may stand"),
            [b'<', ..] => self.enter().map(Some),
            [] => self.fail("the document ends within an element"),
            _ => self.fail("text where only elements may stand"),
        }
    }

    /// Returns the text of the element it stands in, and leaves it.
    ///
    /// # Errors
    /// When the document is not well-formed there, or the element has children.
    pub fn text(&mut self) -> Result<Cow<'a, str>, XmlError> {
        let mut whole = Cow::Borrowed("");
        if self.leave_empty() {
            return Ok(whole);
        }
        loop {
            let (length, end) = text::plain_run(self.rest());
            if length > 0 {
                text::push(&mut whole, &self.document[self.at..self.at + length]);
            }
            self.at += length;
            match end {
                None => return self.fail("the document ends within an element"),
                Some(b']') => return self.fail("a `]]>` in a text"),
                Some(b'&') => whole.to_mut().push(self.reference()?),
                Some(_) => match self.rest() {
                    [b'<', b'/', ..] => return self.leave().map(|()| whole),
                    [b'<', b'!', b'[', ..] => text::push(&mut whole, self.cdata()?),
                    [b'<', b'!' | b'?', ..] => return self.enter().map(|_| whole),
                    _ => return self.fail("an element where only text may stand"),
                },
            }
        }
    }

    /// Leaves the element it stands in, whatever is in it.
    ///
    /// # Errors
    /// When the document is not well-formed there.
    pub fn skip(&mut self) -> Result<(), XmlError> {
        let outside = self.open.len().saturating_sub(1);
        while self.open.len() > outside {
            if self.leave_empty() {
                continue;
            }
            let (length, end) = text::plain_run(self.rest());
            self.at += length;
            match end {
                None => return self.fail("the document ends within an element"),
                Some(b']') => return self.fail("a `]]>` in a text"),
                Some(b'&') => drop(self.reference()?),
                Some(_) => match self.rest() {
                    [b'<', b'/', ..] => self.leave()?,
                    [b'<', b'!', b'[', ..] => drop(self.cdata()?),
                    _ => drop(self.enter()?),
                },
            }
        }
        Ok(())
    }

    /// The value of an attribute in no namespace, of the element entered last.
    #[must_use]
    pub fn attribute(&self, local: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|attribute| attribute.prefix.is_empty() && attribute.local == local);
        found.map(|attribute| &*attribute.value)
    }

    /// Checks that nothing follows the root element, which was left.
    ///
    /// # Errors
    /// When something does.
    pub fn finish(&mut self) -> Result<(), XmlError> {
        self.blanks();
        if !self.open.is_empty() || !self.rest().is_empty() {
            return self.fail("something behind the end of the root element");
        }
        Ok(())
    }

    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.document.as_bytes().get(self.at..).unwrap_or_default()
    }

    #[inline]
    fn blanks(&mut self) {
        self.at += scan::blanks(self.rest());
    }

    #[cold]
    fn fail<T>(&self, detail: impl Into<String>) -> Result<T, XmlError> {
        Err(XmlError::new(self.document.as_bytes(), self.at, detail))
    }

    fn reference(&mut self) -> Result<char, XmlError> {
        let (character, length) = text::reference(&self.document[self.at..]).or_else(|detail| self.fail(detail))?;
        self.at += length;
        Ok(character)
    }

    fn cdata(&mut self) -> Result<&'a str, XmlError> {
        let Some(inside) = self.document[self.at..].strip_prefix("<![CDATA[") else {
            return self.fail("a `<![` that begins no CDATA");
        };
        let Some(end) = inside.find("]]>") else { return self.fail("CDATA without an end") };
        self.at += "<![CDATA[".len() + end + "]]>".len();
        Ok(&inside[..end])
    }

    fn enter(&mut self) -> Result<Element<'a>, XmlError> {
        let start = self.at;
        let Some(name) = tag::name(self.document, start + 1) else { return self.fail(no_element(self.rest())) };
        if self.open.len() == DEPTH {
            return self.fail(format!("elements nested deeper than {DEPTH}"));
        }
        self.at += 1 + name.whole.len();
        self.open.push(Open { name: name.whole, scope: self.scope.len() });
        self.attributes.clear();
        if self.rest().first() == Some(&b'>') {
            self.at += 1;
        } else {
            self.tag()?;
        }
        let Some(namespace) = self.namespace(name.prefix) else {
            self.at = start;
            return self.fail(format!("the prefix `{}` stands for no namespace", name.prefix));
        };
        if !self.attributes.is_empty() {
            self.check_attributes()?;
        }
        Ok(Element { namespace, local: name.local })
    }

    /// Reads attributes up to the end of a start tag.
    fn tag(&mut self) -> Result<(), XmlError> {
        let mut declared = 0;
        loop {
            let before = self.at;
            self.blanks();
            match self.rest() {
                [b'>', ..] => {
                    self.at += 1;
                    return Ok(());
                }
                [b'/', b'>', ..] => {
                    self.at += 2;
                    self.empty = true;
                    return Ok(());
                }
                _ if self.at == before => return self.fail("a start tag without an end"),
                _ => {}
            }
            if self.attributes.len() + declared == ATTRIBUTES {
                return self.fail(format!("more than {ATTRIBUTES} attributes"));
            }
            let attribute = tag::attribute(self.document, &mut self.at).or_else(|detail| self.fail(detail))?;
            if attribute.prefix == "xmlns" || (attribute.prefix.is_empty() && attribute.local == "xmlns") {
                self.declare(attribute, declared)?;
                declared += 1;
            } else {
                self.attributes.push(attribute);
            }
        }
    }

    /// Takes a namespace declaration; `before` are those of the same tag that came before it.
    fn declare(&mut self, attribute: Attribute<'a>, before: usize) -> Result<(), XmlError> {
        let prefix = if attribute.prefix.is_empty() { "" } else { attribute.local };
        let Cow::Borrowed(namespace) = attribute.value else {
            return self.fail("a namespace with references or line ends in it");
        };
        let reserved = prefix == "xmlns" || namespace == XMLNS || ((prefix == "xml") != (namespace == XML));
        if reserved || (namespace.is_empty() && !prefix.is_empty()) {
            return self.fail("a namespace declaration that is not allowed");
        }
        if self.scope[self.scope.len() - before..].iter().any(|binding| binding.prefix == prefix) {
            return self.fail("the same namespace declared twice in a tag");
        }
        self.scope.push(Binding { prefix, namespace });
        Ok(())
    }

    #[inline(always)]
    fn namespace(&self, prefix: &str) -> Option<&'a str> {
        let mut index = self.scope.len();
        while let Some(binding) = index.checked_sub(1).and_then(|index| self.scope.get(index)) {
            if scan::same(binding.prefix.as_bytes(), prefix.as_bytes()) {
                return Some(binding.namespace);
            }
            index -= 1;
        }
        match prefix {
            "" => Some(""),
            "xml" => Some(XML),
            _ => None,
        }
    }

    /// No attribute twice, neither as written nor by its namespace; no prefix unknown.
    fn check_attributes(&self) -> Result<(), XmlError> {
        for (index, attribute) in self.attributes.iter().enumerate() {
            if !attribute.prefix.is_empty() && self.namespace(attribute.prefix).is_none() {
                return self.fail(format!("the prefix `{}` stands for no namespace", attribute.prefix));
            }
            if self.attributes[..index].iter().any(|other| self.are_one(attribute, other)) {
                return self.fail(format!("the attribute `{}` twice", attribute.local));
            }
        }
        Ok(())
    }

    fn are_one(&self, one: &Attribute<'_>, other: &Attribute<'_>) -> bool {
        let prefixed = !one.prefix.is_empty() && !other.prefix.is_empty();
        one.local == other.local
            && (one.prefix == other.prefix || (prefixed && self.namespace(one.prefix) == self.namespace(other.prefix)))
    }

    /// Leaves an element that was written `<name/>`, if it stands in one.
    #[inline]
    fn leave_empty(&mut self) -> bool {
        let empty = std::mem::take(&mut self.empty);
        if empty {
            self.close();
        }
        empty
    }

    /// Reads the end tag of the element it stands in.
    #[inline]
    fn leave(&mut self) -> Result<(), XmlError> {
        let Some(open) = self.open.last() else { return self.fail("an end tag of no element") };
        let name = open.name;
        let rest = self.rest();
        let mut end = 2 + name.len();
        if rest.get(2..end).is_some_and(|written| scan::same(written, name.as_bytes())) {
            end += scan::blanks(&rest[end..]);
            if rest.get(end) == Some(&b'>') {
                self.at += end + 1;
                self.close();
                return Ok(());
            }
        }
        self.fail(format!("another end tag than `</{name}>`"))
    }

    #[inline]
    fn close(&mut self) {
        if let Some(open) = self.open.pop() {
            self.scope.truncate(open.scope);
        }
        self.attributes.clear();
    }
}

fn no_element(rest: &[u8]) -> &'static str {
    match rest {
        [b'<', b'?', ..] => "a processing instruction, which is not taken",
        [b'<', b'!', b'-', ..] => "a comment, which is not taken",
        [b'<', b'!', ..] => "a document type, which is not taken",
        _ => "a `<` that begins no element",
    }
}
