//! Follows the messages of a connection of HTTP/1.1 byte by byte, to notice what hyper leaves no trace of: a head that
//! says in two ways where its message ends.
//!
//! What follows such a head could be read as another request by one server and as its body by the next one. So it is
//! refused, and nothing is read behind it (RFC 9112, 6.1 and 6.3). The bytes of a body are never taken for a head: lengths
//! and chunks are followed exactly as hyper follows them, and from where that fails on, every head is doubtful.

use http::StatusCode;
use memchr::memchr;

use crate::limits::FIELD_BYTES;

/// Why it is not certain where a request ends. It must be refused, and its connection is closed behind the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It has a `Content-Length` and a `Transfer-Encoding`.
    TwoLengths,
    /// Its `Transfer-Encoding` is not exactly `chunked`.
    Coding,
    /// What came before it was not understood.
    Unfollowed,
}

impl Doubt {
    /// The status that says so.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::TwoLengths | Self::Unfollowed => StatusCode::BAD_REQUEST,
            Self::Coding => StatusCode::NOT_IMPLEMENTED,
        }
    }
}

/// What has come of a connection's messages.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    at: At,
    /// The beginning of a line of which not all has come.
    line: Vec<u8>,
    /// Whether more of that line has come than is kept.
    cut: bool,
    framing: Framing,
    /// Heads that have come whole.
    whole: u64,
    /// Requests that the service was asked to answer.
    begun: u64,
    /// From which head on there is a doubt.
    doubt: Option<(u64, Doubt)>,
    preface: bool,
}

/// Where the next byte belongs.
#[derive(Debug, Default)]
enum At {
    /// Before a request's line.
    #[default]
    Start,
    Fields,
    Body(u64),
    Chunks(Chunks),
    /// There is nothing to follow any more.
    Lost,
}

/// In a body of chunks (RFC 9112, 7.1).
#[derive(Debug)]
struct Chunks {
    at: InChunks,
    size: u64,
}

#[derive(Clone, Copy, Debug)]
enum InChunks {
    FirstDigit,
    Digits,
    Blanks,
    Extension,
    SizeEnd,
    Data,
    DataCr,
    DataLf,
    LineStart,
    Trailer,
    TrailerLf,
    EndLf,
}

/// What a head says of its body.
#[derive(Debug, Default)]
struct Framing {
    length: Option<Option<u64>>,
    coding: Option<Coding>,
}

#[derive(Debug, PartialEq, Eq)]
enum Coding {
    Chunked,
    Other,
}

impl Heads {
    /// These bytes came.
    pub(crate) fn came(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match &mut self.at {
                At::Start | At::Fields => {
                    let end = memchr(b'\n', bytes);
                    let (piece, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
                    bytes = rest.get(1..).unwrap_or_default();
                    let kept = &piece[..piece.len().min(FIELD_BYTES - self.line.len())];
                    let cut = self.cut || kept.len() < piece.len();
                    if end.is_none() {
                        self.line.extend_from_slice(kept);
                        self.cut = cut;
                    } else if self.line.is_empty() {
                        self.line(kept, cut);
                    } else {
                        let mut line = std::mem::take(&mut self.line);
                        line.extend_from_slice(kept);
                        self.line(&line, cut);
                        line.clear();
                        (self.line, self.cut) = (line, false);
                    }
                }
                At::Body(left) => {
                    let here = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    *left -= here as u64;
                    bytes = &bytes[here..];
                    if *left == 0 {
                        self.at = At::Start;
                    }
                }
                At::Chunks(chunks) => match chunks.step(&mut bytes) {
                    Ok(false) => {}
                    Ok(true) => self.at = At::Start,
                    Err(Unexpected) => self.lose(Doubt::Unfollowed, self.whole + 1),
                },
                At::Lost => return,
            }
        }
    }

    /// The service is asked to answer the next request: whether it may.
    pub(crate) fn begin(&mut self) -> Option<Doubt> {
        self.begun += 1;
        match self.doubt {
            Some((from, doubt)) if self.begun >= from => Some(doubt),
            // hyper has found a head where none was seen.
            _ => (self.begun > self.whole).then_some(Doubt::Unfollowed),
        }
    }

    /// Whether all that has come are whole messages.
    pub(crate) fn is_between_messages(&self) -> bool {
        matches!(self.at, At::Start) && self.line.is_empty()
    }

    /// Whether all of the request has come that began last.
    pub(crate) fn has_whole(&self) -> bool {
        self.whole > self.begun || matches!(self.at, At::Start | At::Fields)
    }

    /// Whether the connection began as one of HTTP/2 does that knows beforehand that it will be understood.
    pub(crate) fn is_http2(&self) -> bool {
        self.preface
    }

    /// Whether nothing has come but whole messages whose requests have all begun, so that whatever comes next begins a head.
    pub(crate) fn is_settled(&self) -> bool {
        self.is_between_messages() && self.whole == self.begun && self.doubt.is_none() && !self.preface
    }

    /// Gives back the room of lines that came in pieces.
    pub(crate) fn settle(&mut self) {
        self.line = Vec::new();
    }

    #[cfg(test)]
    pub(crate) fn whole(&self) -> u64 {
        self.whole
    }

    fn line(&mut self, line: &[u8], cut: bool) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match (&self.at, line.is_empty() && !cut) {
            // Empty lines before a request are passed over (RFC 9112, 2.2).
            (At::Start, true) => {}
            (At::Start, false) => {
                self.preface |= self.whole == 0 && line == b"PRI * HTTP/2.0";
                self.at = At::Fields;
            }
            (_, true) => self.end_of_head(),
            (_, false) => self.framing.field(line, cut),
        }
    }

    fn end_of_head(&mut self) {
        self.whole += 1;
        self.at = match std::mem::take(&mut self.framing) {
            Framing { length: Some(_), coding: Some(_) } => return self.lose(Doubt::TwoLengths, self.whole),
            Framing { coding: Some(Coding::Other), .. } => return self.lose(Doubt::Coding, self.whole),
            Framing { length: Some(None), .. } => return self.lose(Doubt::Unfollowed, self.whole),
            Framing { coding: Some(Coding::Chunked), .. } => At::Chunks(Chunks { at: InChunks::FirstDigit, size: 0 }),
            Framing { length: Some(Some(0)) | None, .. } => At::Start,
            Framing { length: Some(Some(length)), .. } => At::Body(length),
        };
    }

    fn lose(&mut self, doubt: Doubt, from: u64) {
        self.doubt = Some((from, doubt));
        self.at = At::Lost;
        self.line = Vec::new();
    }
}

impl Framing {
    fn field(&mut self, line: &[u8], cut: bool) {
        if !matches!(line.first(), Some(b'c' | b'C' | b't' | b'T')) {
            return;
        }
        let Some(colon) = memchr(b':', line) else { return };
        let (name, value) = (line[..colon].trim_ascii_end(), line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            let length = if cut { None } else { digits(value) };
            let same = self.length.is_none_or(|before| before == length);
            self.length = Some(length.filter(|_| same));
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            let alone = self.coding.is_none() && !cut && value.eq_ignore_ascii_case(b"chunked");
            self.coding = Some(if alone { Coding::Chunked } else { Coding::Other });
        }
    }
}

fn digits(value: &[u8]) -> Option<u64> {
    let all = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(value).ok().filter(|_| all)?.parse().ok()
}

/// A byte that has no place where it stands.
struct Unexpected;

impl Chunks {
    /// Takes some of the bytes; true at the end of the body.
    fn step(&mut self, bytes: &mut &[u8]) -> Result<bool, Unexpected> {
        use InChunks::{
            Blanks, Data, DataCr, DataLf, Digits, EndLf, Extension, FirstDigit, LineStart, SizeEnd, Trailer, TrailerLf,
        };
        if let Data = self.at {
            let here = bytes.len().min(usize::try_from(self.size).unwrap_or(usize::MAX));
            self.size -= here as u64;
            *bytes = &bytes[here..];
            if self.size == 0 {
                self.at = DataCr;
            }
            return Ok(false);
        }
        let Some((&byte, rest)) = bytes.split_first() else { return Ok(false) };
        *bytes = rest;
        self.at = match (self.at, byte) {
            (FirstDigit | Digits, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = char::from(byte).to_digit(16).ok_or(Unexpected)?;
                let size = self.size.checked_mul(16).and_then(|size| size.checked_add(digit.into()));
                self.size = size.ok_or(Unexpected)?;
                Digits
            }
            (Digits | Blanks, b' ' | b'\t') => Blanks,
            (Digits | Blanks, b';') => Extension,
            (Digits | Blanks | Extension, b'\r') => SizeEnd,
            (Extension, byte) if byte != b'\n' => Extension,
            (SizeEnd, b'\n') if self.size == 0 => LineStart,
            (SizeEnd, b'\n') => Data,
            (DataCr, b'\r') => DataLf,
            (DataLf, b'\n') => FirstDigit,
            (LineStart, b'\r') => EndLf,
            (Trailer, b'\r') => TrailerLf,
            (LineStart | Trailer, _) => Trailer,
            (TrailerLf, b'\n') => LineStart,
            (EndLf, b'\n') => return Ok(true),
            _ => return Err(Unexpected),
        };
        Ok(false)
    }
}

#[cfg(test)]
mod tests;
