//! One line of the journal: its form, its checksum, and how it reads back.

use std::collections::BTreeMap;
use std::fmt::Write;

use tallygate_core::{Currency, Day, MessageNumber, Sum, Transaction};

/// What of a line is neither partner nor sums, at most: a line end before and after it, the checksum, and the number.
const LINE_BYTES: usize = 2 + 9 + 32 + 1 + 20 + 1;
/// A sum at most, with the tab before it: day, currency, a count of 64 bits, and 128 bits with sign and point.
const SUM_BYTES: usize = 1 + 10 + 1 + 3 + 1 + 20 + 1 + 41;

/// One acknowledged message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// Its number.
    pub number: MessageNumber,
    /// Who sent it.
    pub partner: String,
    /// What it holds, by day and currency, in that order.
    pub sums: Vec<DaySum>,
}

/// What a message holds of one day and currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DaySum {
    /// The business day.
    pub day: Day,
    /// The currency.
    pub currency: Currency,
    /// How many transactions.
    pub count: u64,
    /// What they come to.
    pub sum: Sum,
}

/// Adds up a message's transactions.
pub fn sums(transactions: &[Transaction]) -> Vec<DaySum> {
    let mut sums: BTreeMap<(Day, Currency), (u64, Sum)> = BTreeMap::new();
    for transaction in transactions {
        let sum = sums.entry((transaction.day, transaction.currency)).or_default();
        *sum = (sum.0 + 1, sum.1.plus(transaction.amount));
    }
    let flat = sums.into_iter();
    flat.map(|((day, currency), (count, sum))| DaySum { day, currency, count, sum }).collect()
}

/// Appends a line: the CRC-32 of what follows, the number, the partner, and each sum, apart by tabs. A partner's name has
/// no control characters.
pub(crate) fn encode(line: &mut String, number: MessageNumber, partner: &str, sums: &[DaySum]) {
    let start = line.len();
    let _ = write!(line, "00000000\t{number}\t{partner}");
    for sum in sums {
        let DaySum { day, currency, count, sum } = sum;
        let _ = write!(line, "\t{day} {} {count} {sum}", currency.as_str());
    }
    let crc = crc32fast::hash(&line.as_bytes()[start + 9..]);
    line.replace_range(start..start + 8, &format!("{crc:08x}"));
    line.push('\n');
}

/// The most bytes that a message's line can have, whatever its number.
pub(super) fn most_bytes(partner: &str, sums: &[DaySum]) -> u64 {
    (LINE_BYTES + partner.len() + sums.len() * SUM_BYTES) as u64
}

/// Reads a line without its end; the error says what is wrong.
pub(crate) fn decode(line: &[u8]) -> Result<JournalEntry, &'static str> {
    let line = std::str::from_utf8(line).map_err(|_| "it is no text")?;
    let (crc, rest) = line.split_once('\t').ok_or("it has no checksum")?;
    if crc != format!("{:08x}", crc32fast::hash(rest.as_bytes())) {
        return Err("its checksum is another");
    }
    let mut fields = rest.split('\t');
    let number = fields.next().and_then(|number| number.parse().ok());
    let partner = fields.next().map(str::to_owned);
    Ok(JournalEntry {
        number: number.ok_or("it has no number")?,
        partner: partner.ok_or("it has no partner")?,
        sums: fields.map(day_sum).collect::<Option<_>>().ok_or("a sum does not read")?,
    })
}

fn day_sum(text: &str) -> Option<DaySum> {
    let mut words = text.split(' ');
    let sum = DaySum {
        day: words.next()?.parse().ok()?,
        currency: words.next()?.parse().ok()?,
        count: words.next()?.parse().ok()?,
        sum: words.next()?.parse().ok()?,
    };
    words.next().is_none().then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLDEN: &str =
        "1474fe0b\t0192f0c1a2b37c4d8e5f60718293a4b5/42\tshop 1\t2026-11-22 EUR 2 12.51\t2026-11-23 USD 1 -3.00\n";

    fn sample() -> JournalEntry {
        let sum = |day: &str, currency: &str, count, sum: &str| DaySum {
            day: day.parse().unwrap(),
            currency: currency.parse().unwrap(),
            count,
            sum: sum.parse().unwrap(),
        };
        JournalEntry {
            number: "0192f0c1a2b37c4d8e5f60718293a4b5/42".parse().unwrap(),
            partner: "shop 1".into(),
            sums: vec![sum("2026-11-22", "EUR", 2, "12.51"), sum("2026-11-23", "USD", 1, "-3")],
        }
    }

    #[test]
    fn rule_13_a_line_has_this_form_and_reads_back() {
        let entry = sample();
        let mut line = String::new();
        encode(&mut line, entry.number, &entry.partner, &entry.sums);
        assert_eq!(line, GOLDEN);
        assert_eq!(decode(GOLDEN.trim_end_matches('\n').as_bytes()), Ok(entry));
    }

    #[test]
    fn no_line_is_longer_than_what_is_claimed_for_it() {
        let sum = DaySum {
            day: "2026-11-22".parse().unwrap(),
            currency: "EUR".parse().unwrap(),
            count: u64::MAX,
            sum: "-123456789012345678.123456789".parse().unwrap(),
        };
        let number = MessageNumber { run: tallygate_core::Run(u128::MAX), sequence: u64::MAX };
        for sums in [&[][..], &[sum], &[sum, sum]] {
            let mut line = String::new();
            encode(&mut line, number, "shop", sums);
            assert!(line.len() as u64 <= most_bytes("shop", sums), "{line}");
        }
    }

    #[test]
    fn a_line_with_any_byte_changed_is_noticed() {
        let line = GOLDEN.trim_end().as_bytes();
        for place in 0..line.len() {
            let mut changed = line.to_vec();
            changed[place] ^= 1;
            assert!(decode(&changed).is_err(), "byte {place}");
        }
    }

    #[test]
    fn transactions_add_up_by_day_and_currency() {
        let draft = |id: &str, currency: &str, amount: &str| tallygate_core::Draft {
            id: id.into(),
            time: "2026-11-22T12:00:00Z".into(),
            key: "k".into(),
            amount: amount.into(),
            currency: currency.into(),
            kind: "sale".into(),
            ..Default::default()
        };
        let drafts = vec![draft("1", "EUR", "0.1"), draft("2", "USD", "5"), draft("3", "EUR", "0.2")];
        let zone = "UTC".parse().unwrap();
        let checked = Transaction::check_all(drafts, "p", &zone).unwrap();
        let sums: Vec<String> =
            sums(&checked).iter().map(|s| format!("{} {} {} {}", s.day, s.currency.as_str(), s.count, s.sum)).collect();
        assert_eq!(sums, ["2026-11-22 EUR 2 0.30", "2026-11-22 USD 1 5.00"]);
    }
}
