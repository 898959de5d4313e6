//! The dead letters: listing the newest, and showing one whole.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tallygate_core::{Day, record};
use tallygate_stream::{Record, Stream, StreamError, Topic};

use crate::limits::{DEAD_LETTERS, DEAD_LETTERS_MOST};
use crate::scan::{header_text, scan};
use crate::text::{self, Side, as_instant, as_text};

/// Which dead letters are asked for.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Of this business day alone.
    pub day: Option<Day>,
    /// Of this partner alone.
    pub partner: Option<String>,
    /// Those whose reason holds this text, whatever its case.
    pub reason: Option<String>,
    /// At most so many, the newest; never more than [`DEAD_LETTERS_MOST`].
    pub most: usize,
}

/// The newest dead letters that pass a filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listing {
    /// Newest last.
    pub dead_letters: Vec<DeadLetter>,
    /// How many passed the filter, listed or not.
    pub matching: u64,
    /// How many there are.
    pub all: u64,
}

/// Where a record stands: `partition/offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The partition, from 0.
    pub partition: u32,
    /// The offset.
    pub offset: u64,
}

/// A dead letter, without its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// Where it stands among the dead letters.
    #[serde(serialize_with = "as_text")]
    pub at: Place,
    /// Where it stands in the log, as `partition/offset`.
    pub origin: Option<String>,
    /// When it became a dead letter, Unix milliseconds.
    #[serde(serialize_with = "as_instant")]
    pub appended: i64,
    /// Why.
    pub reason: String,
    /// The record's number.
    pub number: Option<String>,
    /// The policy and its version.
    pub policy: Option<String>,
    /// What of the transaction could be read.
    #[serde(flatten)]
    pub transaction: Glimpse,
    /// The bytes of its value.
    pub bytes: usize,
}

/// What can be read of a transaction that may be no transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Glimpse {
    /// The partner.
    pub partner: Option<String>,
    /// The partner's id of it.
    pub id: Option<String>,
    /// The business day.
    pub day: Option<String>,
    /// The key.
    pub key: Option<String>,
    /// The amount.
    pub amount: Option<String>,
    /// Its currency.
    pub currency: Option<String>,
}

/// A dead letter, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// What the list says of it.
    #[serde(flatten)]
    pub letter: DeadLetter,
    /// Every header, in order.
    pub headers: Vec<(String, String)>,
    /// The value; bytes that are no UTF-8 are replaced.
    pub value: String,
}

/// Lists the newest dead letters.
///
/// # Errors
/// When the stream does not answer in time.
pub async fn list(stream: &dyn Stream, filter: &Filter) -> Result<Listing, StreamError> {
    let most = filter.most.min(DEAD_LETTERS_MOST);
    let mut newest: BinaryHeap<Reverse<(i64, Place)>> = BinaryHeap::new();
    let mut letters: BTreeMap<(i64, Place), DeadLetter> = BTreeMap::new();
    let (mut all, mut matching) = (0, 0);
    scan(stream, Topic::DeadLetters, &[], |record| {
        all += 1;
        let letter = DeadLetter::read(&record);
        if !filter.takes(&letter) {
            return;
        }
        matching += 1;
        let rank = (letter.appended, letter.at);
        newest.push(Reverse(rank));
        letters.insert(rank, letter);
        if newest.len() > most
            && let Some(Reverse(oldest)) = newest.pop()
        {
            letters.remove(&oldest);
        }
    })
    .await?;
    Ok(Listing { dead_letters: letters.into_values().collect(), matching, all })
}

/// Shows the dead letter that stands at this place of the log, or else at this place among the dead letters.
///
/// # Errors
/// When the stream does not answer in time.
pub async fn show(stream: &dyn Stream, place: Place) -> Result<Option<Shown>, StreamError> {
    let (mut by_origin, mut by_place) = (None, None);
    let origin = place.to_string();
    scan(stream, Topic::DeadLetters, &[], |record| {
        if header_text(&record, record::ORIGIN).is_some_and(|stands| stands == origin) {
            by_origin = Some(record);
        } else if (record.partition, record.offset) == (place.partition, place.offset) {
            by_place = Some(record);
        }
    })
    .await?;
    Ok(by_origin.or(by_place).map(|record| Shown::read(&record)))
}

impl Default for Filter {
    fn default() -> Self {
        Self { day: None, partner: None, reason: None, most: DEAD_LETTERS }
    }
}

impl Filter {
    fn takes(&self, letter: &DeadLetter) -> bool {
        let seen = &letter.transaction;
        let day = self.day.is_none_or(|day| seen.day.as_deref() == Some(&*day.to_string()));
        let partner = self.partner.is_none() || self.partner == seen.partner;
        let reason =
            self.reason.as_ref().is_none_or(|reason| letter.reason.to_lowercase().contains(&reason.to_lowercase()));
        day && partner && reason
    }
}

impl DeadLetter {
    fn read(record: &Record) -> Self {
        Self {
            at: Place { partition: record.partition, offset: record.offset },
            origin: header_text(record, record::ORIGIN),
            appended: record.appended,
            reason: header_text(record, record::REASON).unwrap_or_default(),
            number: header_text(record, record::NUMBER),
            policy: header_text(record, record::POLICY),
            transaction: serde_json::from_slice(record.value()).unwrap_or_default(),
            bytes: record.value().len(),
        }
    }
}

impl Shown {
    fn read(record: &Record) -> Self {
        let headers = record.headers();
        Self {
            letter: DeadLetter::read(record),
            headers: headers
                .map(|(name, value)| (name.to_owned(), String::from_utf8_lossy(value).into_owned()))
                .collect(),
            value: String::from_utf8_lossy(record.value()).into_owned(),
        }
    }

    /// For a terminal: what is known, the headers, the value.
    pub fn to_text(&self) -> String {
        let letter = &self.letter;
        let mut text = format!(
            "dead letter {}\nin the log at {}\nsince {}\nreason: {}\n\n",
            letter.at,
            letter.origin.as_deref().unwrap_or("an unknown place"),
            tallygate_core::row::instant(letter.appended),
            text::harmless(&letter.reason),
        );
        for (name, value) in &self.headers {
            text.push_str(&format!("{}: {}\n", text::harmless(name), text::harmless(value)));
        }
        text.push('\n');
        text.push_str(&text::harmless(&self.value));
        text.push('\n');
        text
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        text::pretty(self)
    }
}

impl Listing {
    /// As a table for a terminal, newest last.
    pub fn to_text(&self) -> String {
        let word = |known: &Option<String>| known.clone().unwrap_or_else(|| "?".to_owned());
        let rows: Vec<Vec<String>> = self
            .dead_letters
            .iter()
            .map(|letter| {
                let seen = &letter.transaction;
                vec![
                    letter.at.to_string(),
                    word(&letter.origin),
                    tallygate_core::row::instant(letter.appended),
                    word(&seen.partner),
                    word(&seen.day),
                    word(&seen.id),
                    word(&seen.amount),
                    word(&seen.currency),
                    letter.reason.clone(),
                ]
            })
            .collect();
        let columns = [
            ("AT", Side::Left),
            ("LOG", Side::Left),
            ("SINCE", Side::Left),
            ("PARTNER", Side::Left),
            ("DAY", Side::Left),
            ("ID", Side::Left),
            ("AMOUNT", Side::Right),
            ("CURRENCY", Side::Left),
            ("REASON", Side::Left),
        ];
        let listed = self.dead_letters.len();
        let counts = format!("{listed} listed, {} match, {} in all\n", self.matching, self.all);
        if rows.is_empty() {
            return counts;
        }
        format!("{}\n{counts}", text::table(&columns, &rows))
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        text::pretty(self)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.partition, self.offset)
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let place = text.split_once('/').and_then(|(partition, offset)| {
            Some(Self { partition: partition.parse().ok()?, offset: offset.parse().ok()? })
        });
        place.ok_or_else(|| format!("{text:?} is no place, partition/offset such as 3/1041 would be right"))
    }
}
