//! Numbers of so many digits and the signs between them, taken from the front of a text.

/// What is left of a text.
pub(super) struct Digits<'a>(pub(super) &'a [u8]);

impl Digits<'_> {
    /// Takes a number of exactly so many digits, at most nine.
    pub(super) fn number(&mut self, digits: usize) -> Option<u32> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        let all_digits = number.iter().all(u8::is_ascii_digit);
        self.0 = rest;
        all_digits.then(|| number.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')))
    }

    /// Takes one of two digits.
    pub(super) fn two(&mut self) -> Option<u8> {
        self.number(2)?.try_into().ok()
    }

    /// Takes a sign, if it comes next.
    pub(super) fn sign(&mut self, sign: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[sign])?;
        Some(())
    }
}
