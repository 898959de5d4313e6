//! Rows of text, as RFC 4180 has them: values between delimiters, in quotes or without.

use std::borrow::Cow;

use tallygate_policy::config::Config;
use tallygate_policy::{ConfigFault, Refusal, scan};

/// What stands between values and around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Writing {
    pub(crate) delimiter: u8,
    pub(crate) quote: Option<u8>,
}

impl Writing {
    /// Takes the keys `delimiter` and `quote`.
    pub(crate) fn configure(config: &mut Config) -> Result<Self, ConfigFault> {
        let wrong = |at: &str, text: &str, right: &str| {
            Err(ConfigFault::at(at, format!("it is `{}`, and would be {right}", text.escape_default())))
        };
        let delimiter = config.string("delimiter")?.unwrap_or_else(|| ",".to_owned());
        let &[byte] = delimiter.as_bytes() else {
            return wrong("/delimiter", &delimiter, "one character of ASCII, such as `;`");
        };
        if byte.is_ascii_alphanumeric() || (byte.is_ascii_control() && byte != b'\t') || byte == b' ' {
            return wrong("/delimiter", &delimiter, "a sign such as `;`, or a tab");
        }
        let quote = config.string("quote")?.unwrap_or_else(|| "\"".to_owned());
        let quote = match quote.as_bytes() {
            [] => None,
            [sign] if sign.is_ascii_punctuation() && *sign != byte => Some(*sign),
            _ => return wrong("/quote", &quote, "one sign, another than the delimiter, or nothing"),
        };
        Ok(Self { delimiter: byte, quote })
    }
}

/// Reads a text from row to row.
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// The line that it stands in, from 1.
    line: u32,
    /// The line in which the row that was read last begins.
    pub(crate) begin: u32,
    writing: Writing,
    /// What is searched for in a value: the quote as well, if there is one.
    stops: [u8; 4],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str, writing: Writing) -> Self {
        let Writing { delimiter, quote } = writing;
        Self { text, at: 0, line: 1, begin: 1, writing, stops: [delimiter, quote.unwrap_or(delimiter), b'\n', b'\r'] }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// How many bytes were read.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Passes a line, whatever is in it; none where there is none.
    pub(crate) fn skip_line(&mut self) -> Option<()> {
        let rest = self.rest();
        if rest.is_empty() {
            return None;
        }
        let length = scan::until(rest, [b'\n']);
        self.at += (length + 1).min(rest.len());
        self.line += 1;
        Some(())
    }

    /// Whether the line begins with a value, and the value ends there.
    pub(crate) fn begins_with(&self, value: &str) -> bool {
        let rest = self.rest();
        let (rest, quote) = match self.writing.quote {
            Some(quote) if rest.first() == Some(&quote) => (&rest[1..], Some(quote)),
            _ => (rest, None),
        };
        let Some(behind) = rest.strip_prefix(value.as_bytes()) else { return false };
        match quote {
            Some(quote) => behind.first() == Some(&quote),
            None => behind.first().is_none_or(|byte| self.stops.contains(byte)),
        }
    }

    /// Passes Excel's `sep=;`, if the text begins with it.
    pub(crate) fn skip_separator(&mut self) -> Result<(), Refusal> {
        let Some(behind) = self.rest().strip_prefix(b"sep=") else { return Ok(()) };
        match behind {
            [sign, b'\n' | b'\r', ..] if *sign == self.writing.delimiter => {
                self.skip_line();
                Ok(())
            }
            [sign, b'\n' | b'\r', ..] => {
                let right = char::from(self.writing.delimiter);
                let told = char::from(*sign).escape_default();
                Err(self.fail(
                    self.line,
                    &format!("it says that `{told}` stands between values, and `{right}` is configured"),
                ))
            }
            _ => Ok(()),
        }
    }

    /// Reads a row that is not blank: each value with its column, from 0, if it is wanted. How many there are, and whether
    /// the last is empty; none at the end.
    #[inline]
    pub(crate) fn row(
        &mut self,
        wanted: impl Fn(usize) -> bool,
        mut found: impl FnMut(usize, Cow<'a, str>),
    ) -> Result<Option<(usize, bool)>, Refusal> {
        loop {
            match self.rest() {
                [] => return Ok(None),
                [b'\n', ..] => self.at += 1,
                [b'\r', b'\n', ..] => self.at += 2,
                _ => break,
            }
            self.line += 1;
        }
        let begin = self.line;
        self.begin = begin;
        let mut column = 0;
        loop {
            let quoted = self.writing.quote.filter(|quote| self.rest().first() == Some(quote));
            let is_empty = match quoted {
                Some(quote) => {
                    let value = self.quoted(quote, begin, wanted(column))?;
                    let is_empty = value.as_ref().is_some_and(|value| value.is_empty());
                    if let Some(value) = value {
                        found(column, value);
                    }
                    is_empty
                }
                None => {
                    let length = scan::until(self.rest(), self.stops);
                    if wanted(column) {
                        found(column, Cow::Borrowed(&self.text[self.at..self.at + length]));
                    }
                    self.at += length;
                    length == 0
                }
            };
            column += 1;
            match self.rest() {
                [byte, ..] if *byte == self.writing.delimiter => {
                    self.at += 1;
                    continue;
                }
                [] => {}
                [b'\n', ..] => self.at += 1,
                [b'\r', b'\n', ..] => self.at += 2,
                [b'\r', ..] => return Err(self.fail(begin, "a carriage return without a line feed behind it")),
                _ if quoted.is_some() => return Err(self.fail(begin, "something behind the quote that ends a value")),
                _ => return Err(self.fail(begin, "a quote within a value that does not begin with one")),
            }
            self.line += 1;
            return Ok(Some((column, is_empty)));
        }
    }

    /// Reads a value that stands in quotes.
    fn quoted(&mut self, quote: u8, begin: u32, wanted: bool) -> Result<Option<Cow<'a, str>>, Refusal> {
        self.at += 1;
        let mut value = Cow::Borrowed("");
        loop {
            let piece = self.rest();
            let mut length = scan::until(piece, [quote, b'\n']);
            while piece.get(length) == Some(&b'\n') {
                self.line += 1;
                length += 1 + scan::until(&piece[length + 1..], [quote, b'\n']);
            }
            if length == piece.len() {
                return Err(self.fail(begin, "a value without the quote that ends it"));
            }
            if wanted {
                push(&mut value, &self.text[self.at..self.at + length]);
            }
            self.at += length + 1;
            if self.rest().first() != Some(&quote) {
                return Ok(wanted.then_some(value));
            }
            // Doubled, it stands for one.
            if wanted {
                push(&mut value, &self.text[self.at..self.at + 1]);
            }
            self.at += 1;
        }
    }

    #[cold]
    fn fail(&self, line: u32, detail: &str) -> Refusal {
        Refusal::new(422, "not-csv", format!("line {line}: {detail}")).at(format!("line {line}"))
    }
}

fn push<'a>(value: &mut Cow<'a, str>, piece: &'a str) {
    if value.is_empty() {
        *value = Cow::Borrowed(piece);
    } else {
        value.to_mut().push_str(piece);
    }
}
