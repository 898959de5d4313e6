//! Finding and comparing bytes, sixteen at a time where the target can (`-Ctarget-feature=+simd128`).
//!
//! In a policy every turn of a loop costs more than elsewhere, since it looks whether the policy's time is up: what goes
//! through a message byte by byte should take few turns.

#[cfg_attr(all(target_family = "wasm", target_feature = "simd128"), path = "simd.rs")]
#[cfg_attr(not(all(target_family = "wasm", target_feature = "simd128")), path = "plain.rs")]
mod block;

use std::str::Utf8Error;

use block::Block;

/// The length of what comes before the first of some bytes; the whole length when there is none.
#[inline]
#[must_use]
pub fn until<const N: usize>(bytes: &[u8], stop: [u8; N]) -> usize {
    run(bytes, |byte| stop.contains(&byte), |block| block.any_of(stop))
}

/// The length of what comes before the first of some bytes, or of the control characters below the blank.
#[inline]
#[must_use]
pub fn until_or_control<const N: usize>(bytes: &[u8], stop: [u8; N]) -> usize {
    run(bytes, |byte| byte < b' ' || stop.contains(&byte), |block| block.any_of(stop).or(block.within(0, b' ' - 1)))
}

/// How many of the letters, digits, `_`, `-` and `.` of ASCII bytes begin with.
#[inline]
#[must_use]
pub fn word(bytes: &[u8]) -> usize {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    run(bytes, |byte| !is_word(byte), |block| words(block).not())
}

/// Bytes as text, if they are UTF-8.
///
/// # Errors
/// Where they are not.
#[inline]
pub fn text(bytes: &[u8]) -> Result<&str, Utf8Error> {
    kinds_and_text(bytes).1
}

/// What kinds of bytes there are, and the text that they are, for one look at them.
#[inline]
pub(crate) fn kinds_and_text(bytes: &[u8]) -> (Kinds, Result<&str, Utf8Error>) {
    let kinds = kinds(bytes);
    if kinds.beyond_ascii {
        return (kinds, std::str::from_utf8(bytes));
    }
    // SAFETY: what is ASCII throughout is UTF-8.
    (kinds, Ok(unsafe { std::str::from_utf8_unchecked(bytes) }))
}

/// What kinds of bytes there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kinds {
    /// Control characters other than tab and line ends.
    pub control: bool,
    /// Bytes beyond ASCII.
    pub beyond_ascii: bool,
}

/// Looks which kinds of bytes there are.
#[must_use]
pub fn kinds(bytes: &[u8]) -> Kinds {
    let controls = |block: Block| block.within(0, 8).or(block.within(11, 12)).or(block.within(14, 31));
    let (mut control, mut beyond) = (Block::NONE, Block::NONE);
    let mut at = 0;
    // Two at a time: half the turns.
    while let Some((one, two)) = bytes.get(at..).and_then(Block::first_two) {
        control = control.or(controls(one)).or(controls(two));
        beyond = beyond.or(one).or(two);
        at += 2 * block::LENGTH;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let is_control = |byte: &u8| *byte < b' ' && !b"\t\n\r".contains(byte);
    Kinds {
        control: control.bits() != 0 || rest.iter().any(is_control),
        beyond_ascii: beyond.bits() != 0 || !rest.is_ascii(),
    }
}

/// The length of a name with at most one colon that ends within a block, and where the colon is. None says nothing: the
/// name may be longer, have other characters, or be none.
#[inline(always)]
pub(crate) fn short_name(bytes: &[u8]) -> Option<(usize, Option<usize>)> {
    let block = Block::first(bytes)?;
    let (words, colons) = (words(block).bits(), block.any_of([b':']).bits());
    let end = (words | colons).trailing_ones();
    if end == block::LENGTH as u32 {
        return None;
    }
    let colons = colons & ((1 << end) - 1);
    let first = |at: usize| matches!(bytes.get(at), Some(b'a'..=b'z' | b'A'..=b'Z' | b'_'));
    if bytes.get(end as usize).is_some_and(|&byte| byte >= 0x80) || !first(0) {
        return None;
    }
    if colons == 0 {
        return Some((end as usize, None));
    }
    let colon = colons.trailing_zeros() as usize;
    (colons.count_ones() == 1 && first(colon + 1)).then_some((end as usize, Some(colon)))
}

#[inline(always)]
fn words(block: Block) -> Block {
    let letters = block.within(b'a', b'z').or(block.within(b'A', b'Z'));
    letters.or(block.within(b'0', b'9')).or(block.any_of(*b"_-."))
}

/// How many blanks, tabs and line ends bytes begin with.
#[inline]
#[must_use]
pub fn blanks(bytes: &[u8]) -> usize {
    let is_blank = |byte: u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    if !bytes.first().copied().is_some_and(is_blank) {
        return 0;
    }
    run(bytes, |byte| !is_blank(byte), |block| block.any_of(*b" \t\n\r").not())
}

/// A text without the blanks, tabs and line ends around it, which are all the white space that XML knows.
#[inline]
#[must_use]
pub fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r'])
}

/// Whether two texts are the same. Short ones are compared without a loop, long ones by blocks, for which wasm has no call
/// that would be quicker.
#[inline]
#[must_use]
pub fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    match one.len() {
        0 => true,
        1..4 => {
            one[0] == other[0]
                && one[one.len() / 2] == other[one.len() / 2]
                && one[one.len() - 1] == other[one.len() - 1]
        }
        4..8 => one.first_chunk::<4>() == other.first_chunk() && one.last_chunk::<4>() == other.last_chunk(),
        8..=16 => one.first_chunk::<8>() == other.first_chunk() && one.last_chunk::<8>() == other.last_chunk(),
        _ => {
            let (blocks, others) = (one.as_chunks::<16>().0, other.as_chunks::<16>().0);
            let equal = |(one, other): (&[u8; 16], &[u8; 16])| u128::from_ne_bytes(*one) == u128::from_ne_bytes(*other);
            one.last_chunk::<16>().zip(other.last_chunk()).is_some_and(equal) && blocks.iter().zip(others).all(equal)
        }
    }
}

/// The line of a place, from 1, and the byte in that line, from 1.
#[cold]
#[must_use]
pub fn line_and_column(bytes: &[u8], at: usize) -> (usize, usize) {
    let before = &bytes[..at.min(bytes.len())];
    let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|&&byte| byte != b'\n').count() + 1;
    (line, column)
}

#[inline(always)]
fn run(bytes: &[u8], stops: impl Fn(u8) -> bool, stopping: impl Fn(Block) -> Block) -> usize {
    let mut at = 0;
    while let Some(block) = bytes.get(at..).and_then(Block::first) {
        let found = stopping(block).bits();
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += block::LENGTH;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|&byte| stops(byte)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::{Kinds, blanks, kinds, line_and_column, same, until, until_or_control, word};

    /// All texts of one odd byte among plain ones, of all lengths around those of a block.
    fn each_odd_byte(plain: u8, mut check: impl FnMut(&[u8], usize)) {
        for length in [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24, 33, 49] {
            check(&vec![plain; length], length);
            for odd in 0..length {
                let mut bytes = vec![plain; length];
                for byte in 0..=255 {
                    bytes[odd] = byte;
                    check(&bytes, length);
                }
            }
        }
    }

    #[test]
    fn what_is_found_is_what_a_plain_loop_finds() {
        let plainly = |bytes: &[u8], stops: &dyn Fn(u8) -> bool| {
            bytes.iter().position(|&byte| stops(byte)).unwrap_or(bytes.len())
        };
        each_odd_byte(b'x', |bytes, _| {
            assert_eq!(until(bytes, *b"<&]"), plainly(bytes, &|byte| b"<&]".contains(&byte)));
            assert_eq!(until_or_control(bytes, *b"\"\\"), plainly(bytes, &|byte| byte < 32 || b"\"\\".contains(&byte)));
            let control = bytes.iter().any(|&byte| byte < 32 && !b"\t\r\n".contains(&byte));
            assert_eq!(kinds(bytes), Kinds { control, beyond_ascii: !bytes.is_ascii() });
            assert_eq!(word(bytes), plainly(bytes, &|byte| !(byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))));
        });
        each_odd_byte(b'\n', |bytes, _| assert_eq!(blanks(bytes), plainly(bytes, &|byte| !b" \t\r\n".contains(&byte))));
    }

    #[test]
    fn only_the_white_space_of_xml_is_trimmed() {
        for (text, trimmed) in
            [(" \t\r\na b\n ", "a b"), ("a", "a"), (" \n", ""), ("\u{a0}a\u{2003}", "\u{a0}a\u{2003}")]
        {
            assert_eq!(super::trimmed(text), trimmed, "{text:?}");
        }
    }

    #[test]
    fn texts_are_the_same_when_every_byte_is() {
        each_odd_byte(b'x', |bytes, length| {
            let plain = vec![b'x'; length];
            assert_eq!(same(bytes, &plain), *bytes == plain);
            assert!(!same(bytes, &[&plain[..], b"x"].concat()));
        });
    }

    #[test]
    fn a_place_is_told_by_line_and_column() {
        let text = b"ab\n\nc";
        let told: Vec<_> = (0..=6).map(|at| line_and_column(text, at)).collect();
        assert_eq!(told, [(1, 1), (1, 2), (1, 3), (2, 1), (3, 1), (3, 2), (3, 2)]);
    }
}
