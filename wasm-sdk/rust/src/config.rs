//! Reads a configuration key by key, with errors that say where, and refuses keys that nobody asked for.

use serde_json::{Map, Value};

use crate::world::tallygate::policy::types::ConfigFault;

/// A configuration that is being read: take every key there is, then call [`Config::finish`].
#[derive(Debug)]
pub struct Config {
    left: Map<String, Value>,
    known: Vec<String>,
    at: String,
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
            Value::Object(left) => Ok(Self { left, known: Vec::new(), at }),
            other => Err(ConfigFault::at(at, format!("it is {}, and would be an object", kind(&other)))),
        }
    }

    fn take(&mut self, key: &str) -> Option<(String, Value)> {
        self.known.push(key.to_owned());
        let value = self.left.remove(key)?;
        Some((format!("{}/{}", self.at, key.replace('~', "~0").replace('/', "~1")), value))
    }

    /// Takes a text.
    ///
    /// # Errors
    /// When it is something else.
    pub fn string(&mut self, key: &str) -> Result<Option<String>, ConfigFault> {
        self.take(key).map(|(at, value)| text(at, value)).transpose()
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

    /// Takes an object, to be read in the same way; an empty one where there is none.
    ///
    /// # Errors
    /// When it is something else.
    pub fn section(&mut self, key: &str) -> Result<Config, ConfigFault> {
        match self.take(key) {
            None => Self::object(Value::Object(Map::new()), self.at.clone()),
            Some((at, value)) => Self::object(value, at),
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// When a key is left that nobody asked for.
    pub fn finish(self) -> Result<(), ConfigFault> {
        let Some((key, _)) = self.left.into_iter().next() else { return Ok(()) };
        let known = if self.known.is_empty() {
            "there is none to set".into()
        } else {
            format!("known are {}", self.known.join(", "))
        };
        Err(ConfigFault::at(format!("{}/{key}", self.at), format!("the key `{key}` is unknown; {known}")))
    }
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
    use super::Config;

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
    fn names_a_key_that_nobody_asked_for_and_those_there_are() {
        let mut config = Config::parse(r#"{"fields":{"amuont":"/a"}}"#).expect("an object");
        let mut fields = config.section("fields").expect("an object");
        assert_eq!(fields.string("amount"), Ok(None));
        assert_eq!(
            fault(fields.finish()),
            ("/fields/amuont".into(), "the key `amuont` is unknown; known are amount".into())
        );
        assert_eq!(config.finish(), Ok(()));
    }
}
