//! A policy's configuration in its one form: what means the same is written the same.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// How deep objects and lists may be nested.
const DEPTH: usize = 64;

/// A JSON object without blanks and with its keys sorted. Numbers stay as they were written, to the last digit.
pub(super) fn canonical(text: &str) -> Result<String, String> {
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| format!("is no JSON: {error}"))?;
    if !raw.get().starts_with('{') {
        return Err("must be a JSON object".to_owned());
    }
    let mut written = String::with_capacity(text.len());
    write(raw.get(), DEPTH, &mut written)?;
    Ok(written)
}

fn write(text: &str, depth: usize, to: &mut String) -> Result<(), String> {
    let fail = |error: serde_json::Error| format!("is no JSON: {error}");
    let Some(deeper) = depth.checked_sub(1) else {
        return Err(format!("is nested deeper than {DEPTH} times"));
    };
    match text.as_bytes().first() {
        Some(b'{') => {
            let Members(members) = serde_json::from_str(text).map_err(fail)?;
            to.push('{');
            for (place, (name, value)) in members.iter().enumerate() {
                if place > 0 {
                    to.push(',');
                }
                to.push_str(&serde_json::to_string(name).map_err(fail)?);
                to.push(':');
                write(value.get(), deeper, to)?;
            }
            to.push('}');
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(fail)?;
            to.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    to.push(',');
                }
                write(item.get(), deeper, to)?;
            }
            to.push(']');
        }
        Some(b'"') => {
            let string: String = serde_json::from_str(text).map_err(fail)?;
            to.push_str(&serde_json::to_string(&string).map_err(fail)?);
        }
        _ => to.push_str(text),
    }
    Ok(())
}

/// The members of an object, by name; a name that stands twice is refused, as which of them holds would be a guess.
struct Members<'t>(BTreeMap<String, &'t RawValue>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = BTreeMap<String, &'de RawValue>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    if members.contains_key(&name) {
                        return Err(de::Error::custom(format_args!("the key {name:?} stands twice")));
                    }
                    members.insert(name, value);
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(Collect).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn what_means_the_same_is_written_the_same() {
        let written = canonical("{\"b\" : [1, 2.50 , true,null],\n \"a\":{\"\\u0079\": \"\\/\",\"x\":1e400}}").unwrap();
        assert_eq!(written, r#"{"a":{"x":1e400,"y":"/"},"b":[1,2.50,true,null]}"#);
        assert_eq!(canonical(&written).unwrap(), written);
        assert_eq!(canonical(" {} ").unwrap(), "{}");
        let digits = r#"{"n":12345678901234567890.12345678901234567890}"#;
        assert_eq!(canonical(digits).unwrap(), digits);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for wrong in ["", "[]", "7", "{", "{\"a\":}", "{} {}", "null"] {
            assert!(canonical(wrong).is_err(), "{wrong}");
        }
        for twice in [r#"{"a":1,"a":2}"#, r#"{"x":[{"a":1,"\u0061":2}]}"#] {
            assert!(canonical(twice).unwrap_err().contains("\"a\" stands twice"), "{twice}");
        }
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(canonical(&nested(62)).is_ok());
        assert!(canonical(&nested(64)).unwrap_err().contains("deeper"));
        assert!(canonical(&nested(100_000)).unwrap_err().contains("deeper"));
    }
}
