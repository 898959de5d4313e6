//! What stands between the tags of an element: its text, or all that is skipped.

use std::borrow::Cow;

use super::error::XmlError;
use super::reader::Reader;
use super::text;

impl<'a> Reader<'a> {
    /// Returns the text of the element it stands in, and leaves it.
    ///
    /// # Errors
    /// When the document is not well-formed there, or the element has children.
    pub fn text(&mut self) -> Result<Cow<'a, str>, XmlError> {
        let mut whole = Cow::Borrowed("");
        if self.leave_empty() {
            return Ok(whole);
        }
        // Where the first that is passed over stands behind some text, and how long that is.
        let mut split: Option<(usize, usize)> = None;
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
                    [b'<', b'/', ..] => {
                        if let Some((at, before)) = split
                            && whole.len() > before
                        {
                            self.at = at;
                            return self.not_taken("a comment or processing instruction that splits a text");
                        }
                        return self.leave().map(|()| whole);
                    }
                    [b'<', b'!', b'[', ..] => text::push(&mut whole, self.cdata()?),
                    [b'<', b'!' | b'?', ..] => {
                        if !whole.is_empty() {
                            split = split.or(Some((self.at, whole.len())));
                        }
                        self.pass_over()?;
                    }
                    _ => return self.not_taken("an element where only text may stand"),
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
                    [b'<', b'!' | b'?', ..] => self.pass_over()?,
                    _ => drop(self.enter()?),
                },
            }
        }
        Ok(())
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
}
