//! A reader of one message: its elements alone, by their names, and their texts as fields.

use std::borrow::Cow;

use tallygate_policy::scan;
use tallygate_policy::xml::{FieldError, Reader};

use crate::errors::not_xml;

/// Stands in an element of a message. All of its own elements are in one namespace, and others are passed over.
pub(crate) struct Cursor<'a> {
    reader: Reader<'a>,
    namespace: &'a str,
}

impl<'a> Cursor<'a> {
    /// Goes on where a reader stands.
    pub(crate) fn new(reader: Reader<'a>, namespace: &'a str) -> Self {
        Self { reader, namespace }
    }

    /// Enters the next child of the element it stands in; none: there is no further one, and it stands in the parent.
    #[inline]
    pub(crate) fn child(&mut self) -> Result<Option<&'a str>, FieldError> {
        loop {
            let Some(child) = self.reader.child().map_err(|error| not_xml("", error))? else { return Ok(None) };
            if scan::same(child.namespace.as_bytes(), self.namespace.as_bytes()) {
                return Ok(Some(child.local));
            }
            self.skip()?;
        }
    }

    /// Whether the element goes on with an element in it, and not with text.
    pub(crate) fn child_follows(&mut self) -> Result<bool, FieldError> {
        self.reader.child_follows().map_err(|error| not_xml("", error))
    }

    /// Leaves the element it stands in, whatever is in it.
    #[inline]
    pub(crate) fn skip(&mut self) -> Result<(), FieldError> {
        self.reader.skip().map_err(|error| not_xml("", error))
    }

    /// The value of an attribute of the element entered last.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.reader.attribute(name)
    }

    /// The text of the element it stands in, which it leaves, without white space around it. It must not be empty, and has
    /// no line ends or other control characters.
    pub(crate) fn text(&mut self, path: &str) -> Result<Cow<'a, str>, FieldError> {
        let text = match self.reader.text().map_err(|error| not_xml(path, error))? {
            Cow::Borrowed(text) => Cow::Borrowed(scan::trimmed(text)),
            Cow::Owned(text) => Cow::Owned(scan::trimmed(&text).to_owned()),
        };
        if text.is_empty() {
            return Err(FieldError::wrong(path, "it is empty"));
        }
        if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
            return Err(FieldError::wrong(path, "it has a line end or another control character in it"));
        }
        Ok(text)
    }

    /// The reader, which stands where the cursor stood.
    pub(crate) fn into_reader(self) -> Reader<'a> {
        self.reader
    }
}
