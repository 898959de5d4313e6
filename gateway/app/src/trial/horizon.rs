//! Which days a trial takes, and what it tells of those that a gateway would not.

use anyhow::{Result, anyhow};
use serde_json::Value;
use tallygate_core::Day;

use super::message::TrialMessage;
use super::subject::Terms;

/// How many days late or ahead a transaction may be where the configuration is silent about it.
const DEFAULT: (u32, u32) = (7, 7);
/// As many as there are.
const ANY: (u32, u32) = (u32::MAX, u32::MAX);

/// How many days late or ahead a transaction may be. Days are judged by the moment that the message is given, or by the
/// configuration that says how: a sample is old by nature, and would else be none a week later.
pub(super) fn days(terms: &Terms, message: &TrialMessage) -> (u32, u32) {
    match terms.horizon {
        Some(horizon) => horizon,
        None if message.received.is_some() => DEFAULT,
        None => ANY,
    }
}

/// What a gateway would have refused that judges days by its clock, where this trial does not.
///
/// # Errors
/// When what was queued cannot be read.
pub(super) fn notes(
    terms: &Terms,
    message: &TrialMessage,
    received: i64,
    transactions: &[String],
) -> Result<Vec<String>> {
    if days(terms, message) != ANY {
        return Ok(Vec::new());
    }
    // A gateway lets one day more through, since the log's clock decides.
    let most = |days: u32| i32::try_from(days).unwrap_or(i32::MAX).saturating_add(1);
    let today = Day::of_unix_millis(received);
    let (earliest, latest) = (today.plus(-most(DEFAULT.0)), today.plus(most(DEFAULT.1)));
    for (place, transaction) in transactions.iter().enumerate() {
        let line = serde_json::from_str::<Value>(transaction)?;
        let day: Day = line["day"].as_str().unwrap_or_default().parse().map_err(|error| anyhow!("day: {error}"))?;
        if day < earliest || day > latest {
            return Ok(vec![format!(
                "transactions/{place}/day is {day}: a gateway refuses it today (422, must lie between {earliest} and \
                 {latest} by the default horizon); --received and --config judge days as a gateway does"
            )]);
        }
    }
    Ok(Vec::new())
}
