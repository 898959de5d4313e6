//! A transaction of a dead letter, as it stands on the stream or was mended.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use tallygate_core::Draft;

/// A transaction as it stands on the stream.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wire {
    id: String,
    time: String,
    day: Option<String>,
    key: String,
    amount: String,
    currency: String,
    #[serde(rename = "type")]
    kind: String,
    partner: Option<String>,
    #[serde(default)]
    attributes: Attributes,
}

/// In their order, repeated ones too, which the check of the transaction refuses.
#[derive(Clone, Debug, Default)]
struct Attributes(Vec<(String, String)>);

/// Reads a transaction, with the partner that it names.
pub(super) fn read(value: &[u8]) -> Result<(Draft, Option<String>), String> {
    let wire: Wire = serde_json::from_slice(value).map_err(|error| {
        format!(
            "the letter does not read as a transaction ({error}); an object with id, time, key, amount, currency and type would \
             be right"
        )
    })?;
    Ok(wire.split())
}

impl Wire {
    /// The transaction, and the partner that it names.
    pub(super) fn split(self) -> (Draft, Option<String>) {
        let Self { id, time, day, key, amount, currency, kind, partner, attributes: Attributes(attributes) } = self;
        (Draft { id, time, day, key, amount, currency, kind, attributes }, partner)
    }
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Attributes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Attributes, M::Error> {
                let mut all = Vec::new();
                while let Some(attribute) = map.next_entry()? {
                    all.push(attribute);
                }
                Ok(Attributes(all))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}
