//! The newest dead letters that pass a filter.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use serde::Serialize;
use tallygate_stream::{Stream, StreamError, Topic};
use utoipa::ToSchema;

use super::filter::Filter;
use super::letter::DeadLetter;
use super::position::Position;
use crate::limits::DEAD_LETTERS_MOST;
use crate::scan::scan;
use crate::text::{self, Side};

/// The newest dead letters that pass a filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Listing {
    /// Newest last.
    pub dead_letters: Vec<DeadLetter>,
    /// How many passed the filter, listed or not.
    pub matching: u64,
    /// How many there are.
    pub all: u64,
    /// How many were searched, the newest; fewer than there are where not all are held.
    pub searched: u64,
}

/// Lists the newest dead letters.
///
/// # Errors
/// When the stream does not answer in time.
pub async fn list(stream: &dyn Stream, filter: &Filter) -> Result<Listing, StreamError> {
    let most = filter.most.min(DEAD_LETTERS_MOST);
    let mut newest: BinaryHeap<Reverse<(i64, Position)>> = BinaryHeap::new();
    let mut letters: BTreeMap<(i64, Position), DeadLetter> = BTreeMap::new();
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
    Ok(Listing { dead_letters: letters.into_values().collect(), matching, all, searched: all })
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
