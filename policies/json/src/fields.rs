//! The fields of a transaction: what was found for each, and whether it will do.

use std::borrow::Cow;

use tallygate_policy::{Refusal, Transaction, decimal};

/// A field of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Id,
    Time,
    Day,
    Key,
    Amount,
    Currency,
    Type,
    Attributes,
}

impl Field {
    pub(crate) const ALL: [Self; 8] =
        [Self::Id, Self::Time, Self::Day, Self::Key, Self::Amount, Self::Currency, Self::Type, Self::Attributes];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Time => "time",
            Self::Day => "day",
            Self::Key => "key",
            Self::Amount => "amount",
            Self::Currency => "currency",
            Self::Type => "type",
            Self::Attributes => "attributes",
        }
    }
}

/// What was found of one transaction so far.
#[derive(Default)]
pub(crate) struct Found<'a> {
    texts: [Option<Cow<'a, str>>; 7],
    pub(crate) attributes: Vec<(String, String)>,
}

/// What is wrong with a transaction, and with which field.
pub(crate) struct Wrong {
    pub(crate) field: Field,
    pub(crate) detail: Cow<'static, str>,
}

impl<'a> Found<'a> {
    pub(crate) fn set(&mut self, field: Field, text: Cow<'a, str>) {
        if let Some(place) = self.texts.get_mut(field as usize) {
            *place = Some(text);
        }
    }

    /// Makes the transaction of what was found. Whether texts have the right form the gateway checks; amounts are checked
    /// here too, since only here it is known where they stood.
    pub(crate) fn finish(self) -> Result<Transaction, Wrong> {
        let [id, time, day, key, amount, currency, kind] = self.texts;
        Ok(Transaction {
            id: there(Field::Id, id)?,
            time: there(Field::Time, time)?,
            day: day.map(Cow::into_owned),
            key: there(Field::Key, key)?,
            amount: plain_decimal(there(Field::Amount, amount)?)?,
            currency: there(Field::Currency, currency)?,
            kind: kind.map_or_else(|| "transaction".to_owned(), Cow::into_owned),
            attributes: self.attributes,
        })
    }
}

impl Wrong {
    pub(crate) fn refusal(self, at: String) -> Refusal {
        Refusal::new(422, "wrong-field", format!("`{}`: {}", self.field.name(), self.detail)).at(at)
    }
}

fn there(field: Field, text: Option<Cow<'_, str>>) -> Result<String, Wrong> {
    text.map(Cow::into_owned).ok_or_else(|| Wrong { field, detail: "it is missing".into() })
}

fn plain_decimal(amount: String) -> Result<String, Wrong> {
    decimal::check(&amount).map_err(|detail| Wrong { field: Field::Amount, detail: detail.into() })?;
    Ok(amount)
}
