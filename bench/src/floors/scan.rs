//! The least that reads a field of JSON: a scanner that knows what stands before it.

/// What stands between this name and the next quote.
pub fn scan<'v>(value: &'v [u8], name: &[u8]) -> &'v [u8] {
    let Some(start) = memchr::memmem::find(value, name).map(|place| place + name.len()) else { return &[] };
    let end = memchr::memchr(b'"', &value[start..]).map_or(value.len(), |length| start + length);
    &value[start..end]
}
