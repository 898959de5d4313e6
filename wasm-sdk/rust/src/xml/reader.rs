//! The reader: from element to element, with the namespaces in scope.

use std::borrow::Cow;

use super::error::{XmlError, shown};
use super::misc::{self, Skipped, Wrong};
use super::scope::Scope;
use super::tag::{self, Attribute};
use super::{declaration, text};
use crate::{first_bytes, scan};

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
    pub(super) document: &'a str,
    pub(super) at: usize,
    pub(super) open: Vec<Open<'a>>,
    pub(super) scope: Scope<'a>,
    pub(super) attributes: Vec<Attribute<'a>>,
    /// The element entered last was written `<name/>`: it ends without an end tag.
    pub(super) empty: bool,
    skipped: Skipped,
}

pub(super) struct Open<'a> {
    pub(super) name: &'a str,
    /// How many namespaces were declared before it.
    pub(super) scope: usize,
}

impl<'a> Reader<'a> {
    /// Reads the XML declaration, if there is one. Documents in other encodings than UTF-8 are for
    /// [`decode`](super::decode) first.
    ///
    /// # Errors
    /// On bytes that are no UTF-8, characters XML does not have, a declaration that is none or names another encoding.
    pub fn new(document: &'a [u8]) -> Result<Self, XmlError> {
        const MARK: &[u8] = "\u{feff}".as_bytes();
        let mut at = if document.starts_with(MARK) { MARK.len() } else { 0 };
        if let Some(declaration) =
            declaration::read(document, at).map_err(|(at, detail)| XmlError::new(document, at, detail))?
        {
            at = declaration.end;
            if let Some(name) =
                declaration.encoding.filter(|name| !document[name.clone()].eq_ignore_ascii_case(b"utf-8"))
            {
                let declared = String::from_utf8_lossy(&document[name.clone()]);
                let detail = format!("the encoding `{}` is declared, and UTF-8 would be taken", shown(&declared));
                return Err(XmlError::not_taken(document, name.start, detail));
            }
        }
        // A mark of UTF-8 is passed over above; what else the first bytes can be is no UTF-8.
        if let Some(told) = first_bytes::told(&document[at..]) {
            let detail = format!("the document is {told}, and plain UTF-8 would be taken");
            return Err(XmlError::not_taken(document, at, detail));
        }
        let document = text::checked(document).map_err(|(at, detail)| XmlError::new(document, at, detail))?;
        let (open, attributes) = (Vec::with_capacity(8), Vec::with_capacity(4));
        let (scope, skipped) = (Scope::default(), Skipped::default());
        Ok(Self { document, at, open, scope, attributes, empty: false, skipped })
    }

    /// The reader, but it passes over comments rather than refusing them.
    ///
    /// One may stand between elements, and at either end of a text. Within a text it is refused all the same: of
    /// `12<!-- -->34` the standard makes 1234 and many a program 12, so whoever sends it may mean either.
    #[must_use]
    pub fn skipping_comments(mut self) -> Self {
        self.skipped.comments = true;
        self
    }

    /// The reader, but it passes over processing instructions, such as `xml-stylesheet`, rather than refusing them. They
    /// may stand where [comments](Reader::skipping_comments) may.
    #[must_use]
    pub fn skipping_instructions(mut self) -> Self {
        self.skipped.instructions = true;
        self
    }

    /// Enters the root element.
    ///
    /// # Errors
    /// When there is none, or something else stands before it.
    pub fn root(&mut self) -> Result<Element<'a>, XmlError> {
        self.misc()?;
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
        self.misc()?;
        match self.rest() {
            [b'<', b'/', ..] => self.leave().map(|()| None),
            [b'<', b'!', ..] => self.not_taken("text where only elements may stand"),
            [b'<', ..] => self.enter().map(Some),
            [] => self.fail("the document ends within an element"),
            _ => self.not_taken("text where only elements may stand"),
        }
    }

    /// Whether the element it stands in goes on with an element in it, rather than with text or its end. White space before
    /// that is passed. For what is a text in one version of a format and an element in the next.
    ///
    /// # Errors
    /// When what stands there is not taken.
    pub fn child_follows(&mut self) -> Result<bool, XmlError> {
        if self.empty {
            return Ok(false);
        }
        self.misc()?;
        Ok(matches!(self.rest(), [b'<', behind, ..] if !matches!(behind, b'/' | b'!' | b'?')))
    }

    /// The value of an attribute in no namespace, of the element entered last.
    #[must_use]
    pub fn attribute(&self, local: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|attribute| attribute.prefix.is_empty() && attribute.local == local);
        found.map(|attribute| &*attribute.value)
    }

    /// As [`attribute`](Reader::attribute), for longer than the reader stands there.
    #[must_use]
    pub fn attribute_text(&self, local: &str) -> Option<Cow<'a, str>> {
        let found = self.attributes.iter().find(|attribute| attribute.prefix.is_empty() && attribute.local == local);
        found.map(|attribute| attribute.value.clone())
    }

    /// Checks that nothing follows the root element, which was left.
    ///
    /// # Errors
    /// When something does.
    pub fn finish(&mut self) -> Result<(), XmlError> {
        self.misc()?;
        if !self.open.is_empty() || !self.rest().is_empty() {
            return self.fail("something behind the end of the root element");
        }
        Ok(())
    }

    /// How many bytes of the document it has read.
    #[inline]
    #[must_use]
    pub fn position(&self) -> usize {
        self.at
    }

    /// How many elements it stands in.
    #[inline]
    #[must_use]
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.document.as_bytes().get(self.at..).unwrap_or_default()
    }

    #[inline]
    pub(super) fn blanks(&mut self) {
        self.at += scan::blanks(self.rest());
    }

    /// Passes blanks and what else may stand between elements.
    #[inline]
    fn misc(&mut self) -> Result<(), XmlError> {
        self.blanks();
        while let [b'<', b'!' | b'?', behind, ..] = self.rest() {
            // CDATA is text.
            if *behind == b'[' {
                return Ok(());
            }
            self.pass_over()?;
            self.blanks();
        }
        Ok(())
    }

    /// Passes a comment or a processing instruction, if the reader was told to.
    #[cold]
    pub(super) fn pass_over(&mut self) -> Result<(), XmlError> {
        match misc::end(self.document, self.at, self.skipped) {
            Ok(end) => {
                self.at = end;
                Ok(())
            }
            Err(Wrong::NotTaken(detail)) => self.not_taken(detail),
            Err(Wrong::NotWellFormed(detail)) => self.fail(detail),
        }
    }

    #[cold]
    pub(super) fn not_taken<T>(&self, detail: impl Into<String>) -> Result<T, XmlError> {
        Err(XmlError::not_taken(self.document.as_bytes(), self.at, detail))
    }

    #[cold]
    pub(super) fn fail<T>(&self, detail: impl Into<String>) -> Result<T, XmlError> {
        Err(XmlError::new(self.document.as_bytes(), self.at, detail))
    }

    /// Leaves an element that was written `<name/>`, if it stands in one.
    #[inline]
    pub(super) fn leave_empty(&mut self) -> bool {
        let empty = std::mem::take(&mut self.empty);
        if empty {
            self.close();
        }
        empty
    }

    /// Reads the end tag of the element it stands in.
    #[inline]
    pub(super) fn leave(&mut self) -> Result<(), XmlError> {
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
        self.wrong_end(name)
    }

    #[cold]
    fn wrong_end(&self, right: &str) -> Result<(), XmlError> {
        let written = tag::name(self.document, self.at + "</".len());
        let (ended, right) = (written.is_some_and(|name| name.whole == right), shown(right));
        match written {
            Some(_) if ended => self.fail(format!("the end tag `</{right}` without a `>`")),
            Some(name) => {
                self.fail(format!("the end tag `</{}>` where `</{right}>` would be right", shown(name.whole)))
            }
            None => self.fail(format!("an end tag without a name where `</{right}>` would be right")),
        }
    }

    #[inline]
    fn close(&mut self) {
        if let Some(open) = self.open.pop() {
            self.scope.truncate(open.scope);
        }
        self.attributes.clear();
    }
}
