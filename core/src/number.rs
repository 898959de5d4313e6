//! The number that every queue message bears: which run of which gateway took it, and as which of that run's messages.

use std::fmt;
use std::str::FromStr;

/// One run of a gateway process: a UUID, made anew at each start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Run(pub u128);

/// The number of a queue message. It goes with each of the message's records into the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageNumber {
    /// The gateway's run.
    pub run: Run,
    /// The message's place in the run, from 0, without gaps among those that reached the queue port.
    pub sequence: u64,
}

/// The number of one record: its message's, and its place in the message, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordNumber {
    /// The message it came in.
    pub message: MessageNumber,
    /// Its place there.
    pub ordinal: u32,
}

/// The text is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a number such as 0192f0c1a2b37c4d8e5f60718293a4b5/42 (run/sequence, a record's with /ordinal behind)")]
pub struct NotANumber;

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for Run {
    type Err = NotANumber;

    fn from_str(text: &str) -> Result<Self, NotANumber> {
        let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() != 32 || !text.bytes().all(lower_hex) {
            return Err(NotANumber);
        }
        u128::from_str_radix(text, 16).map(Self).map_err(|_| NotANumber)
    }
}

impl fmt::Display for MessageNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.run, self.sequence)
    }
}

impl FromStr for MessageNumber {
    type Err = NotANumber;

    fn from_str(text: &str) -> Result<Self, NotANumber> {
        let (run, sequence) = text.split_once('/').ok_or(NotANumber)?;
        Ok(Self { run: run.parse()?, sequence: plain(sequence)? })
    }
}

impl fmt::Display for RecordNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.message, self.ordinal)
    }
}

impl FromStr for RecordNumber {
    type Err = NotANumber;

    fn from_str(text: &str) -> Result<Self, NotANumber> {
        let (message, ordinal) = text.rsplit_once('/').ok_or(NotANumber)?;
        Ok(Self { message: message.parse()?, ordinal: plain(ordinal)? })
    }
}

/// Digits alone: the standard parser would take a plus sign, and one number must have one text.
fn plain<N: FromStr>(text: &str) -> Result<N, NotANumber> {
    let canonical = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if !canonical {
        return Err(NotANumber);
    }
    text.parse().map_err(|_| NotANumber)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_written_form() {
        let text = "0192f0c1a2b37c4d8e5f60718293a4b5/42/7";
        let number: RecordNumber = text.parse().unwrap();
        assert_eq!(number.message.run.0, 0x0192_f0c1_a2b3_7c4d_8e5f_6071_8293_a4b5);
        assert_eq!((number.message.sequence, number.ordinal), (42, 7));
        assert_eq!(number.to_string(), text);
    }

    #[test]
    fn refuses_every_second_way_to_write_a_number() {
        let run = "0192f0c1a2b37c4d8e5f60718293a4b5";
        for text in [
            "",
            "1/2/3",
            &format!("{run}/42"),
            &format!("{run}/+4/7"),
            &format!("{run}/04/7"),
            &format!("{}/4/7", run.to_uppercase()),
        ] {
            assert!(text.parse::<RecordNumber>().is_err(), "{text}");
        }
    }
}
