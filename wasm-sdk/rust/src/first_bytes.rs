//! What the first bytes of a message say it is, where it is no text in plain UTF-8: for a refusal that names it.

/// What the bytes are, such as `in UTF-16`, to stand behind "it is"; none where nothing tells, as of all text in UTF-8
/// without a byte order mark.
///
/// ```
/// use tallygate_policy::first_bytes;
///
/// assert_eq!(first_bytes::told(b"\x1f\x8b\x08\0"), Some("compressed with gzip"));
/// assert_eq!(first_bytes::told(b"{\"id\":1}"), None);
/// ```
#[must_use]
pub fn told(message: &[u8]) -> Option<&'static str> {
    Some(match message {
        [0xef, 0xbb, 0xbf, ..] => "in UTF-8 behind a byte order mark",
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => "in UTF-32",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "in UTF-16",
        [b'<' | b'{' | b'[', 0, ..] | [0, b'<' | b'{' | b'[', ..] => "in UTF-16 without a byte order mark",
        [0x1f, 0x8b, ..] => "compressed with gzip",
        [0x78, 0x01 | 0x9c | 0xda, ..] => "compressed with zlib (deflate)",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "compressed with zstd",
        [b'P', b'K', 3, 4, ..] => "a ZIP archive",
        _ => return None,
    })
}
