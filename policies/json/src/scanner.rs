//! Scans JSON (RFC 8259) in place: texts as they stand where nothing is escaped, numbers by their own text.

use std::borrow::Cow;

use tallygate_policy::scan::until_or_control;

/// How deep values may be nested.
pub(crate) const DEPTH: usize = 64;

/// Stands at one byte of a document that is UTF-8.
pub(crate) struct Scanner<'a> {
    document: &'a str,
    pub(crate) at: usize,
}

/// Where the document is no JSON, and why.
#[derive(Debug)]
pub(crate) struct NotJson {
    pub(crate) at: usize,
    pub(crate) detail: &'static str,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(document: &'a str) -> Self {
        Self { document, at: 0 }
    }

    /// The next byte that is not blank; none at the end.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        let bytes = self.document.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    /// Takes the next byte that is not blank, if it is this one.
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    pub(crate) fn fail<T>(&self, detail: &'static str) -> Result<T, NotJson> {
        Err(NotJson { at: self.at, detail })
    }

    /// Takes a text.
    pub(crate) fn text(&mut self) -> Result<Cow<'a, str>, NotJson> {
        if !self.take(b'"') {
            return self.fail("a text in quotes was expected");
        }
        let start = self.at;
        self.plain();
        if self.document.as_bytes().get(self.at) == Some(&b'"') {
            let text = &self.document[start..self.at];
            self.at += 1;
            return Ok(Cow::Borrowed(text));
        }
        let mut text = String::from(&self.document[start..self.at]);
        loop {
            match self.document.as_bytes().get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(text));
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => return self.fail("a control character in a text"),
                None => return self.fail("a text without an end"),
            }
            let piece = self.at;
            self.plain();
            text.push_str(&self.document[piece..self.at]);
        }
    }

    /// Goes on to the next quote, backslash or control character.
    fn plain(&mut self) {
        self.at += until_or_control(&self.document.as_bytes()[self.at..], *b"\"\\");
    }

    fn escape(&mut self) -> Result<char, NotJson> {
        let escaped = self.document.as_bytes().get(self.at + 1).copied();
        self.at += 2;
        Ok(match escaped {
            Some(character @ (b'"' | b'\\' | b'/')) => char::from(character),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let first = self.four_digits()?;
                return self.character(first);
            }
            _ => {
                self.at -= 2;
                return self.fail("a backslash that escapes nothing");
            }
        })
    }

    /// The character of a `\u`, whose second half may follow.
    fn character(&mut self, first: u32) -> Result<char, NotJson> {
        let mut code = first;
        if (0xd800..0xdc00).contains(&first) && self.document[self.at..].starts_with("\\u") {
            self.at += 2;
            let second = self.four_digits()?;
            if !(0xdc00..0xe000).contains(&second) {
                return self.fail("half a character in a text");
            }
            code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        }
        char::from_u32(code).map_or_else(|| self.fail("half a character in a text"), Ok)
    }

    fn four_digits(&mut self) -> Result<u32, NotJson> {
        let digits = self
            .document
            .as_bytes()
            .get(self.at..self.at + 4)
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let Some(digits) = digits else { return self.fail("a `\\u` without four hexadecimal digits") };
        self.at += 4;
        Ok(digits.iter().fold(0, |code, &digit| code * 16 + char::from(digit).to_digit(16).unwrap_or(0)))
    }

    /// Takes a number and returns its own text.
    pub(crate) fn number(&mut self) -> Result<&'a str, NotJson> {
        self.peek();
        let start = self.at;
        self.here(b"-");
        if !self.here(b"0") && self.digits() == 0 {
            return self.fail("a value was expected");
        }
        if self.here(b".") && self.digits() == 0 {
            return self.fail("a number without digits behind its point");
        }
        if self.here(b"eE") {
            self.here(b"+-");
            if self.digits() == 0 {
                return self.fail("a number without digits in its exponent");
            }
        }
        if self.document.as_bytes().get(self.at).is_some_and(u8::is_ascii_alphanumeric) {
            return self.fail("something that is no number");
        }
        Ok(&self.document[start..self.at])
    }

    /// Takes the very next byte, if it is one of these.
    fn here(&mut self, bytes: &[u8]) -> bool {
        let there = self.document.as_bytes().get(self.at).is_some_and(|byte| bytes.contains(byte));
        self.at += usize::from(there);
        there
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.document.as_bytes().get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        self.at - start
    }

    /// Passes over a value of any kind.
    pub(crate) fn skip(&mut self) -> Result<(), NotJson> {
        // What each value around is, so that nesting takes no stack: objects end with `}` and have names.
        let mut around: Vec<u8> = Vec::new();
        loop {
            match self.peek() {
                Some(b'{') => {
                    self.at += 1;
                    if !self.take(b'}') {
                        self.push(&mut around, b'}')?;
                        self.name()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.at += 1;
                    if !self.take(b']') {
                        self.push(&mut around, b']')?;
                        continue;
                    }
                }
                _ => self.scalar()?,
            }
            loop {
                let Some(&end) = around.last() else { return Ok(()) };
                if self.take(b',') {
                    if end == b'}' {
                        self.name()?;
                    }
                    break;
                }
                if !self.take(end) {
                    return self.fail(if end == b'}' {
                        "a `,` or `}` was expected"
                    } else {
                        "a `,` or `]` was expected"
                    });
                }
                around.pop();
            }
        }
    }

    fn push(&self, around: &mut Vec<u8>, end: u8) -> Result<(), NotJson> {
        if around.len() == DEPTH {
            return self.fail("values nested too deep");
        }
        around.push(end);
        Ok(())
    }

    fn scalar(&mut self) -> Result<(), NotJson> {
        if self.peek() == Some(b'"') {
            return self.text().map(drop);
        }
        for word in ["true", "false", "null"] {
            if self.document[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(());
            }
        }
        self.number().map(drop)
    }

    /// Takes the name of an object's member, and the colon.
    pub(crate) fn name(&mut self) -> Result<Cow<'a, str>, NotJson> {
        let name = self.text()?;
        if !self.take(b':') {
            return self.fail("a `:` was expected");
        }
        Ok(name)
    }
}
