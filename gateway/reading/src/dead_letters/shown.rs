//! One dead letter, whole.

use serde::Serialize;
use tallygate_core::record;
use tallygate_stream::{Bounds, Record, Start, Stream, StreamError, Topic};
use utoipa::ToSchema;

use super::letter::DeadLetter;
use super::position::Position;
use crate::scan::{header_text, next_in_time, scan};
use crate::text;

/// A dead letter, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Shown {
    /// What the list says of it.
    #[serde(flatten)]
    pub letter: DeadLetter,
    /// Every header, in order.
    pub headers: Vec<(String, String)>,
    /// The value; bytes that are no UTF-8 are replaced.
    pub value: String,
}

/// Shows the dead letter that stands at this place of the log, or else at this place among the dead letters.
///
/// # Errors
/// When the stream does not answer in time.
pub async fn show(stream: &dyn Stream, position: Position) -> Result<Option<Shown>, StreamError> {
    let (mut by_origin, mut by_position) = (None, None);
    let origin = position.to_string();
    scan(stream, Topic::DeadLetters, &[], |record| {
        if header_text(&record, record::ORIGIN).is_some_and(|stands| stands == origin) {
            by_origin = Some(record);
        } else if (record.partition, record.offset) == (position.partition, position.offset) {
            by_position = Some(record);
        }
    })
    .await?;
    Ok(by_origin.or(by_position).map(|record| Shown::read(&record)))
}

/// Shows the dead letter that stands at this place among the dead letters.
pub(super) async fn stands_at(stream: &dyn Stream, position: Position) -> Result<Option<Shown>, StreamError> {
    let Position { partition, offset } = position;
    let bounds = stream.bounds(Topic::DeadLetters).await?;
    let there = |bounds: &Bounds| bounds.partition == partition && (bounds.low..bounds.high).contains(&offset);
    if !bounds.iter().any(there) {
        return Ok(None);
    }
    let mut follower = stream.follow(Topic::DeadLetters, vec![(partition, Start::Offset(offset))]).await?;
    loop {
        let batch = next_in_time(&mut *follower, "dead letter").await?;
        // What comes first is the one, or else comes after a place where none stands.
        if let Some(record) = batch.records.first() {
            return Ok(Some(record).filter(|record| record.offset == offset).map(Shown::read));
        }
        if batch.caught_up {
            return Ok(None);
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
