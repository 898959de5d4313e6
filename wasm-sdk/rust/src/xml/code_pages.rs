//! The encodings of one byte a character that documents are declared in, as tables of what lies beyond ASCII.
//!
//! ISO-8859 is that of IANA: 0x80 to 0x9F are control characters, which here no message may have. Many programs take a
//! declared ISO-8859-1 for windows-1252, which has letters and signs there: such a byte would be read in two ways. What
//! windows-1250 and -1252 leave undefined no message may have either.
//!
//! A library such as encoding_rs has the same tables (the tests compare them), takes ISO-8859-1 for windows-1252 as the
//! web does, and would bring 170 KB of other encodings into each policy that decodes.

/// An encoding of one byte a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodePage {
    Ascii,
    Iso8859_1,
    Iso8859_2,
    Iso8859_15,
    Windows1250,
    Windows1252,
}

impl CodePage {
    /// The encoding of that name, in whatever case: those of IANA, and what some write in their place.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match &*name.to_ascii_lowercase() {
            "us-ascii" | "ascii" => Self::Ascii,
            "iso-8859-1" | "iso_8859-1" | "iso8859-1" | "latin1" | "l1" => Self::Iso8859_1,
            "iso-8859-2" | "iso_8859-2" | "iso8859-2" | "latin2" | "l2" => Self::Iso8859_2,
            "iso-8859-15" | "iso_8859-15" | "iso8859-15" | "latin-9" => Self::Iso8859_15,
            "windows-1250" | "cp1250" => Self::Windows1250,
            "windows-1252" | "cp1252" => Self::Windows1252,
            _ => return None,
        })
    }

    /// The characters of the bytes from 0x80; U+0000 for those that are not taken.
    pub(crate) fn beyond_ascii(self) -> [char; 128] {
        let mut characters = ['\0'; 128];
        if self != Self::Ascii {
            for (place, byte) in (0xa0..=0xff_u8).enumerate() {
                characters[place + 0x20] = char::from(byte);
            }
        }
        let (from, rows): (usize, &[&str]) = match self {
            Self::Ascii | Self::Iso8859_1 => (0, &[]),
            Self::Iso8859_2 => (0x20, &ISO_8859_2),
            Self::Iso8859_15 => (0x20, &ISO_8859_15),
            Self::Windows1250 => (0, &WINDOWS_1250),
            Self::Windows1252 => (0, &WINDOWS_1252),
        };
        let written = rows.iter().flat_map(|row| row.chars());
        characters[from..].iter_mut().zip(written).for_each(|(place, character)| *place = character);
        characters
    }
}

/// Sixteen characters a row, from 0xA0.
const ISO_8859_2: [&str; 6] = [
    "\u{a0}Ą˘Ł¤ĽŚ§¨ŠŞŤŹ\u{ad}ŽŻ",
    "°ą˛ł´ľśˇ¸šşťź˝žż",
    "ŔÁÂĂÄĹĆÇČÉĘËĚÍÎĎ",
    "ĐŃŇÓÔŐÖ×ŘŮÚŰÜÝŢß",
    "ŕáâăäĺćçčéęëěíîď",
    "đńňóôőö÷řůúűüýţ˙",
];

/// From 0x80; U+0000 is undefined.
const WINDOWS_1250: [&str; 8] = [
    "€\0‚\0„…†‡\0‰Š‹ŚŤŽŹ",
    "\0‘’“”•–—\0™š›śťžź",
    "\u{a0}ˇ˘Ł¤Ą¦§¨©Ş«¬\u{ad}®Ż",
    "°±˛ł´µ¶·¸ąş»Ľ˝ľż",
    "ŔÁÂĂÄĹĆÇČÉĘËĚÍÎĎ",
    "ĐŃŇÓÔŐÖ×ŘŮÚŰÜÝŢß",
    "ŕáâăäĺćçčéęëěíîď",
    "đńňóôőö÷řůúűüýţ˙",
];

/// From 0x80 to 0x9F; what follows is Latin-1.
const WINDOWS_1252: [&str; 2] = ["€\0‚ƒ„…†‡ˆ‰Š‹Œ\0Ž\0", "\0‘’“”•–—˜™š›œ\0žŸ"];

/// From 0xA0 to 0xBF; what follows is Latin-1.
const ISO_8859_15: [&str; 2] = ["\u{a0}¡¢£€¥Š§š©ª«¬\u{ad}®¯", "°±²³Žµ¶·ž¹º»ŒœŸ¿"];

#[cfg(test)]
mod tests {
    use super::CodePage;
    use encoding_rs::{ISO_8859_2, ISO_8859_15, WINDOWS_1250, WINDOWS_1252};

    #[test]
    fn every_byte_is_the_character_that_encoding_rs_has_for_it_unless_it_is_a_control_character() {
        for (page, theirs) in [
            (CodePage::Iso8859_2, ISO_8859_2),
            (CodePage::Iso8859_15, ISO_8859_15),
            (CodePage::Windows1250, WINDOWS_1250),
            (CodePage::Windows1252, WINDOWS_1252),
        ] {
            for (byte, ours) in (0x80..=0xff_u8).zip(page.beyond_ascii()) {
                let (their, _) = theirs.decode_without_bom_handling(std::slice::from_ref(&byte));
                let their = their.chars().next().filter(|character| !character.is_control());
                assert_eq!(ours, their.unwrap_or_default(), "{byte:#x} of {page:?}");
            }
        }
    }

    #[test]
    fn latin_1_is_the_beginning_of_unicode_and_ascii_has_nothing_more() {
        let latin_1 = (0x80..=0xff_u8).map(char::from).map(|c| if c.is_control() { '\0' } else { c });
        assert!(CodePage::Iso8859_1.beyond_ascii().into_iter().eq(latin_1));
        assert_eq!(CodePage::Ascii.beyond_ascii(), ['\0'; 128]);
    }
}
