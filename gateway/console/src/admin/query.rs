//! The query of a request's address.

use std::fmt::Display;
use std::str::FromStr;

use tallygate_core::{Currency, Day};

use super::problem::Problem;
use crate::limits::{TOP, TOP_MOST};
use tallygate_reading::ledger::{Order, Top};

/// Names and values, decoded.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Decodes a query, refusing names that the route does not know.
    pub(super) fn read(query: Option<&str>, known: &[&str]) -> Result<Self, Problem> {
        let mut pairs = Vec::new();
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if !known.contains(&name.as_str()) {
                let detail = format!("{name:?} is unknown here, of {} any would be right", known.join(", "));
                return Err(Problem::bad(detail));
            }
            if !value.is_empty() {
                pairs.push((name, value));
            }
        }
        Ok(Self(pairs))
    }

    /// The value of a name as it stands.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str())
    }

    /// The value of a name.
    pub(super) fn get<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, Problem> {
        let parsed = self.text(name).map(str::parse).transpose();
        parsed.map_err(|error| Problem::bad(format!("{name}: {error}")))
    }

    /// The day that is asked for.
    pub(super) fn day(&self) -> Result<Option<Day>, Problem> {
        self.get("day")
    }

    /// The top keys that are asked for.
    pub(super) fn top(&self) -> Result<Top, Problem> {
        let currency: Option<Currency> = self.get("currency")?;
        let order: Order = self.get("order")?.unwrap_or_default();
        let most: usize = self.get("top")?.unwrap_or(TOP);
        if most > TOP_MOST {
            return Err(Problem::bad(format!("top: must be at most {TOP_MOST}, is {most}")));
        }
        if order == Order::Sum && currency.is_none() {
            return Err(Problem::bad("order: by sum only keys of one currency can be told apart, name a currency too"));
        }
        Ok(Top { most, currency, order })
    }
}

/// Undoes the encoding of one path segment or query part.
pub(super) fn decode(text: &str) -> Result<String, Problem> {
    let wrong = || Problem::bad("the address holds a % that is not followed by two hexadecimal digits of UTF-8");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16)).ok_or_else(wrong);
                let (high, low) = (digit()?, digit()?);
                (high * 16 + low) as u8
            }
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_browsers_encode_and_refuses_the_rest() {
        let query = Query::read(Some("key=HR%201%2F%C5%BE+x&day="), &["key", "day"]).ok().unwrap();
        assert_eq!((query.text("key"), query.text("day")), (Some("HR 1/ž x"), None));
        for wrong in ["key=%4", "key=%zz", "key=%ff", "kex=1"] {
            assert!(Query::read(Some(wrong), &["key"]).is_err(), "{wrong}");
        }
    }
}
