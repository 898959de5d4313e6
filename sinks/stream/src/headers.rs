//! The headers of a record, in one buffer: of each the name's length, the name, the value's length, the value. The embedded log
//! keeps them so.

use std::fmt;

use bytes::Bytes;

/// The headers of a record, name and value, in order.
#[derive(Clone)]
pub struct Headers<'a>(&'a [u8]);

/// The headers of a record that is to be appended.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NewHeaders(Bytes);

/// Takes the headers of a record, one after the other.
pub(crate) struct HeaderSink<'a>(&'a mut Vec<u8>);

const LENGTH: usize = size_of::<u32>();

impl NewHeaders {
    /// These, in this order.
    pub fn of<N: AsRef<str>, V: AsRef<[u8]>>(headers: &[(N, V)]) -> Self {
        let bytes = |(name, value): &(N, V)| 2 * LENGTH + name.as_ref().len() + value.as_ref().len();
        let mut packed = Vec::with_capacity(headers.iter().map(bytes).sum());
        let mut sink = HeaderSink(&mut packed);
        for (name, value) in headers {
            sink.put(name.as_ref(), value.as_ref());
        }
        Self(packed.into())
    }

    /// Each of them.
    pub fn iter(&self) -> Headers<'_> {
        Headers(&self.0)
    }

    /// As the embedded log keeps them.
    pub(crate) fn packed(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for NewHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(name, value)| (name, String::from_utf8_lossy(value)))).finish()
    }
}

impl<'a> Headers<'a> {
    /// Of what was packed; of what is damaged, those before.
    pub(crate) fn of(packed: &'a [u8]) -> Self {
        Self(packed)
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a str, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, rest) = field(self.0)?;
        let (value, rest) = field(rest)?;
        self.0 = rest;
        Some((std::str::from_utf8(name).unwrap_or_default(), value))
    }
}

impl<'a> HeaderSink<'a> {
    pub(crate) fn new(packed: &'a mut Vec<u8>) -> Self {
        Self(packed)
    }

    /// Puts headers that were packed.
    pub(crate) fn put_packed(&mut self, headers: &[u8]) {
        self.0.extend_from_slice(headers);
    }

    pub(crate) fn put(&mut self, name: &str, value: &[u8]) {
        self.put_bytes(name.as_bytes(), value);
    }

    /// The same; a name that is not UTF-8 reads as none.
    pub(crate) fn put_bytes(&mut self, name: &[u8], value: &[u8]) {
        for field in [name, value] {
            self.0.extend_from_slice(&length(field).to_le_bytes());
            self.0.extend_from_slice(field);
        }
    }
}

/// No stream takes a record of 4 GiB.
pub(crate) fn length(field: &[u8]) -> u32 {
    u32::try_from(field.len()).unwrap_or(u32::MAX)
}

fn field(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH>()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_headers_have_this_form() {
        let headers = NewHeaders::of(&[("ab", "1"), ("c", "")]);
        assert_eq!(headers.packed(), b"\x02\0\0\0ab\x01\0\0\x001\x01\0\0\0c\0\0\0\0");
        assert_eq!(headers.iter().collect::<Vec<_>>(), [("ab", &b"1"[..]), ("c", b"")]);
        assert_eq!(format!("{headers:?}"), r#"{"ab": "1", "c": ""}"#);
        let mut packed = Vec::new();
        HeaderSink::new(&mut packed).put_packed(headers.packed());
        assert_eq!(packed, headers.packed());
    }

    #[test]
    fn damaged_headers_read_as_fewer() {
        assert_eq!(Headers::of(b"\xff\xff\xff\xffab").count(), 0);
        assert_eq!(Headers::of(&NewHeaders::of(&[("a", "1"), ("b", "2")]).packed()[..15]).count(), 1);
    }
}
