//! Reads a configuration key by key, with errors that say where, and refuses keys that nobody asked for.

mod given;
mod nearest;

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

pub use self::given::{Given, Shape};
pub use self::nearest::nearest;
use crate::world::tallygate::policy::types::ConfigFault;

/// A configuration that is being read: take every key there is, then call [`Config::finish`].
///
/// ```
/// use tallygate_policy::ConfigFault;
/// use tallygate_policy::config::Config;
///
/// fn read(config: &str) -> Result<(Vec<String>, String), ConfigFault> {
///     let mut config = Config::parse(config)?;
///     let currency = config.string("currency")?.unwrap_or_else(|| "EUR".to_owned());
///     let sellers = config.required_strings("sellers", "the sellers' VAT numbers")?;
///     config.finish()?;
///     Ok((sellers, currency))
/// }
/// assert_eq!(read(r#"{"sellers":["IT01234567890"]}"#), Ok((vec!["IT01234567890".into()], "EUR".into())));
///
/// let fault = read(r#"{"seller":["IT01234567890"]}"#).unwrap_err();
/// assert_eq!((&*fault.pointer, &*fault.detail), (
///     "/sellers",
///     "it is missing, and would be the sellers' VAT numbers; the key `seller` is unknown, perhaps `sellers` was meant",
/// ));
/// ```
#[derive(Debug)]
pub struct Config {
    left: Map<String, Value>,
    known: Vec<String>,
    at: String,
    /// What to add where a key is missing: the section itself may be missing for a slip in its name.
    slip: String,
}

impl Config {
    /// Begins to read one. An empty text is an empty configuration.
    ///
    /// # Errors
    /// When it is no JSON object.
    pub fn parse(config: &str) -> Result<Self, ConfigFault> {
        if config.trim().is_empty() {
            return Self::object(Value::Object(Map::new()), String::new());
        }
        let value =
            serde_json::from_str(config).map_err(|error| ConfigFault::at("", format!("it is no JSON: {error}")))?;
        Self::object(value, String::new())
    }

    fn object(value: Value, at: String) -> Result<Self, ConfigFault> {
        match value {
            Value::Object(left) => Ok(Self::at(left, at)),
            other => Err(ConfigFault::at(at, format!("it is {}, and would be an object", kind(&other)))),
        }
    }

    fn at(left: Map<String, Value>, at: String) -> Self {
        Self { left, known: Vec::new(), at, slip: String::new() }
    }

    fn take(&mut self, key: &str) -> Option<(String, Value)> {
        self.known.push(key.to_owned());
        let value = self.left.remove(key)?;
        Some((self.pointer(key), value))
    }

    pub(crate) fn pointer(&self, key: &str) -> String {
        format!("{}/{}", self.at, escaped(key))
    }

    #[cold]
    fn missing(&self, key: &str, right: &str) -> ConfigFault {
        let slip = self.slip_of(key).unwrap_or_else(|| self.slip.clone());
        ConfigFault::at(self.pointer(key), format!("it is missing, and would be {right}{slip}"))
    }

    /// The key that is left and was probably meant to be this one.
    #[cold]
    fn slip_of(&self, key: &str) -> Option<String> {
        // Those that are left may yet be asked for, so one that looks otherwise is not told.
        let slip = self.left.keys().find(|left| nearest(left, [key]).is_some())?;
        Some(format!("; the key `{slip}` is unknown, perhaps `{key}` was meant"))
    }

    /// Takes a text.
    ///
    /// # Errors
    /// When it is something else.
    pub fn string(&mut self, key: &str) -> Result<Option<String>, ConfigFault> {
        self.take(key).map(|(at, value)| text(at, value)).transpose()
    }

    /// Takes a text that has to be there; `right` says for people what it would be: `such as card.payment`.
    ///
    /// Of the keys that nobody took yet, the error names one that looks like a slip of this. So take optional keys that
    /// look like it before.
    ///
    /// # Errors
    /// When it is missing, or something else.
    pub fn required_string(&mut self, key: &str, right: &str) -> Result<String, ConfigFault> {
        self.string(key)?.ok_or_else(|| self.missing(key, right))
    }

    /// Takes true or false.
    ///
    /// # Errors
    /// When it is something else.
    pub fn boolean(&mut self, key: &str) -> Result<Option<bool>, ConfigFault> {
        match self.take(key) {
            None => Ok(None),
            Some((_, Value::Bool(value))) => Ok(Some(value)),
            Some((at, other)) => {
                Err(ConfigFault::at(at, format!("it is {}, and would be true or false", kind(&other))))
            }
        }
    }

    /// Takes a list of texts.
    ///
    /// # Errors
    /// When it, or one of it, is something else.
    pub fn strings(&mut self, key: &str) -> Result<Option<Vec<String>>, ConfigFault> {
        match self.take(key) {
            None => Ok(None),
            Some((at, Value::Array(list))) => list
                .into_iter()
                .enumerate()
                .map(|(index, value)| text(format!("{at}/{index}"), value))
                .collect::<Result<_, _>>()
                .map(Some),
            Some((at, other)) => {
                Err(ConfigFault::at(at, format!("it is {}, and would be a list of texts", kind(&other))))
            }
        }
    }

    /// Takes a list of texts that has to be there, as [`required_string`](Config::required_string) takes a text. It may be
    /// empty.
    ///
    /// # Errors
    /// When it is missing, or it, or one of it, is something else.
    pub fn required_strings(&mut self, key: &str, right: &str) -> Result<Vec<String>, ConfigFault> {
        self.strings(key)?.ok_or_else(|| self.missing(key, right))
    }

    /// Takes an object of whole numbers by name, each of them in a range.
    ///
    /// # Errors
    /// When it, or one of it, is something else.
    pub fn integers(
        &mut self,
        key: &str,
        range: RangeInclusive<i64>,
    ) -> Result<Option<Vec<(String, i64)>>, ConfigFault> {
        let Some((at, value)) = self.take(key) else { return Ok(None) };
        let Self { left, .. } = Self::object(value, at.clone())?;
        let numbers =
            left.into_iter().map(|(name, value)| match value.as_i64().filter(|number| range.contains(number)) {
                Some(number) => Ok((name, number)),
                None => {
                    let is = if value.is_number() { value.to_string() } else { kind(&value).to_owned() };
                    let (from, to) = (range.start(), range.end());
                    let detail = format!("it is {is}, and would be a whole number from {from} to {to}");
                    Err(ConfigFault::at(format!("{at}/{}", escaped(&name)), detail))
                }
            });
        numbers.collect::<Result<_, _>>().map(Some)
    }

    /// Takes an object, to be read in the same way; an empty one where there is none.
    ///
    /// # Errors
    /// When it is something else.
    pub fn section(&mut self, key: &str) -> Result<Config, ConfigFault> {
        match self.take(key) {
            None => {
                let slip = self.slip_of(key).unwrap_or_default();
                Ok(Self { left: Map::new(), known: Vec::new(), at: self.pointer(key), slip })
            }
            Some((at, value)) => Self::object(value, at),
        }
    }

    /// Takes a value of whatever kind.
    pub fn given(&mut self, key: &str) -> Option<Given> {
        self.take(key).map(|(at, value)| Given::new(at, value))
    }

    /// As [`given`](Config::given), but it has to be there; `right` says for people what it would be.
    ///
    /// # Errors
    /// When it is missing.
    pub fn required(&mut self, key: &str, right: &str) -> Result<Given, ConfigFault> {
        self.given(key).ok_or_else(|| self.missing(key, right))
    }

    /// Takes a whole number, not below 0.
    ///
    /// # Errors
    /// When it is something else.
    pub fn number(&mut self, key: &str) -> Result<Option<u64>, ConfigFault> {
        match self.take(key) {
            None => Ok(None),
            Some((at, value)) => value
                .as_u64()
                .map(Some)
                .ok_or_else(|| ConfigFault::at(at, format!("it is {}, and would be a whole number", kind(&value)))),
        }
    }

    /// Takes all that is left, of an object whose keys are the user's own: the keys and their values, in order.
    pub fn entries(&mut self) -> Vec<(String, Given)> {
        let left = std::mem::take(&mut self.left);
        left.into_iter().map(|(key, value)| (key.clone(), Given::new(self.pointer(&key), value))).collect()
    }

    /// Whether there is a key that nobody took yet.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.left.contains_key(key)
    }

    /// Where the object is, as a JSON Pointer; empty: it is the configuration itself.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.at
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// When a key is left that nobody asked for.
    pub fn finish(self) -> Result<(), ConfigFault> {
        let Some(key) = self.left.keys().next() else { return Ok(()) };
        let meant = nearest(key, self.known.iter().map(String::as_str));
        let meant = meant.map(|meant| format!(", perhaps `{meant}` was meant")).unwrap_or_default();
        let known = if self.known.is_empty() {
            "there is none to set".into()
        } else {
            format!("known are {}", self.known.join(", "))
        };
        Err(ConfigFault::at(self.pointer(key), format!("the key `{key}` is unknown{meant}; {known}")))
    }
}

/// A key as it stands in a JSON Pointer.
pub(crate) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn text(at: String, value: Value) -> Result<String, ConfigFault> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(ConfigFault::at(at, format!("it is {}, and would be a text", kind(&other)))),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, Shape};

    fn fault<T: std::fmt::Debug>(result: Result<T, super::ConfigFault>) -> (String, String) {
        let fault = result.expect_err("a fault");
        (fault.pointer, fault.detail)
    }

    #[test]
    fn says_where_a_value_is_of_the_wrong_kind() {
        let read = |json: &str| Config::parse(json).and_then(|mut config| config.strings("oibs"));
        assert_eq!(
            fault(read(r#"{"oibs":["1",2]}"#)),
            ("/oibs/1".into(), "it is a number, and would be a text".into())
        );
        assert_eq!(fault(read(r#"{"oibs":"1"}"#)).0, "/oibs");
        assert_eq!(fault(read("[]")), (String::new(), "it is a list, and would be an object".into()));
        assert_eq!(fault(read("{")).0, "");
    }

    #[test]
    fn a_value_may_be_of_several_kinds() {
        let json = r#"{"a":"b","c":[{"d":7}],"e":true,"f":-1,"g":{"h/":"i"}}"#;
        let mut config = Config::parse(json).expect("an object");
        let mut shape = |key: &str| config.given(key).expect(key).shape();
        assert!(matches!(shape("a"), (at, Shape::Text(text)) if at == "/a" && text == "b"));
        assert!(matches!(shape("e").1, Shape::Flag(true)));
        assert!(matches!(shape("f").1, Shape::Other));
        let (_, Shape::List(mut list)) = shape("c") else { panic!("no list") };
        let mut first = list.remove(0).section().expect("an object");
        assert_eq!((first.number("d"), first.place()), (Ok(Some(7)), "/c/0"));
        let (_, Shape::Section(mut own)) = shape("g") else { panic!("no object") };
        let [(key, value)] = <[_; 1]>::try_from(own.entries()).expect("one");
        assert_eq!((&*key, value.at()), ("h/", "/g/h~1"));
        assert_eq!(fault(value.list("a list")), ("/g/h~1".into(), "it would be a list".into()));
        assert_eq!(own.finish(), Ok(()));
        assert_eq!(fault(config.required("x", "a path")), ("/x".into(), "it is missing, and would be a path".into()));
        assert_eq!(config.finish(), Ok(()));
    }

    #[test]
    fn names_a_key_that_nobody_asked_for_and_those_there_are() {
        let mut config = Config::parse(r#"{"fields":{"amuont":"/a"}}"#).expect("an object");
        let mut fields = config.section("fields").expect("an object");
        assert_eq!(fields.string("amount"), Ok(None));
        assert_eq!(
            fault(fields.finish()),
            (
                "/fields/amuont".into(),
                "the key `amuont` is unknown, perhaps `amount` was meant; known are amount".into()
            )
        );
        assert_eq!(config.finish(), Ok(()));

        let mut other = Config::parse(r#"{"till/1":true}"#).expect("an object");
        assert_eq!(other.string("amount"), Ok(None));
        assert_eq!(fault(other.finish()), ("/till~11".into(), "the key `till/1` is unknown; known are amount".into()));
    }

    #[test]
    fn names_the_key_that_a_missing_one_was_probably_written_as() {
        let sellers = |json: &str| {
            let mut config = Config::parse(json)?;
            let limit = config.string("limit")?;
            Ok((config.required_strings("sellers", "VAT numbers")?, limit))
        };
        assert_eq!(sellers(r#"{"sellers":["a"]}"#), Ok((vec!["a".into()], None)));
        let missing = "it is missing, and would be VAT numbers";
        let slip = "; the key `seller` is unknown, perhaps `sellers` was meant";
        for (json, detail) in [
            ("", missing.to_owned()),
            (r#"{"buyers":["a"]}"#, missing.to_owned()),
            (r#"{"limit":"1","seller":["a"]}"#, format!("{missing}{slip}")),
            (r#"{"sellers":"a"}"#, "it is a text, and would be a list of texts".to_owned()),
        ] {
            assert_eq!(fault(sellers(json)), ("/sellers".into(), detail), "{json}");
        }
    }

    #[test]
    fn names_the_key_that_a_missing_section_was_probably_written_as() {
        let kind = |json: &str| {
            let mut config = Config::parse(json)?;
            config.section("labels")?.required_string("kind", "such as card.payment")
        };
        assert_eq!(kind(r#"{"labels":{"kind":"a"}}"#), Ok("a".into()));
        let missing = "it is missing, and would be such as card.payment";
        for (json, slip) in [
            ("{}", ""),
            (r#"{"lables":{"kind":"a"}}"#, "; the key `lables` is unknown, perhaps `labels` was meant"),
            (r#"{"labels":{"kinds":"a"}}"#, "; the key `kinds` is unknown, perhaps `kind` was meant"),
        ] {
            assert_eq!(fault(kind(json)), ("/labels/kind".into(), format!("{missing}{slip}")), "{json}");
        }
    }
}
