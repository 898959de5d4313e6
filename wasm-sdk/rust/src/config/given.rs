//! A value of a configuration that may be of several kinds, such as a path or a table that says more.

use serde_json::Value;

use super::{Config, kind, text};
use crate::world::tallygate::policy::types::ConfigFault;

/// A value as it was given, and where.
#[derive(Debug)]
pub struct Given {
    at: String,
    value: Value,
}

/// What a value is.
#[derive(Debug)]
pub enum Shape {
    /// A text.
    Text(String),
    /// A whole number, not below 0.
    Number(u64),
    /// True or false.
    Flag(bool),
    /// A list.
    List(Vec<Given>),
    /// An object, to be read key by key.
    Section(Config),
    /// Something else: null, or another number.
    Other,
}

impl Given {
    pub(super) fn new(at: String, value: Value) -> Self {
        Self { at, value }
    }

    /// Where it is, as a JSON Pointer.
    #[must_use]
    pub fn at(&self) -> &str {
        &self.at
    }

    /// Whether it is an object.
    #[must_use]
    pub fn is_section(&self) -> bool {
        self.value.is_object()
    }

    /// What it is, and where.
    #[must_use]
    pub fn shape(self) -> (String, Shape) {
        let Self { at, value } = self;
        let shape = match value {
            Value::String(text) => Shape::Text(text),
            Value::Number(number) => number.as_u64().map_or(Shape::Other, Shape::Number),
            Value::Bool(flag) => Shape::Flag(flag),
            Value::Array(list) => Shape::List(
                list.into_iter().enumerate().map(|(index, value)| Self::new(format!("{at}/{index}"), value)).collect(),
            ),
            Value::Object(left) => Shape::Section(Config::at(left, at.clone())),
            Value::Null => Shape::Other,
        };
        (at, shape)
    }

    /// The text that it is.
    ///
    /// # Errors
    /// When it is something else.
    pub fn text(self) -> Result<String, ConfigFault> {
        text(self.at, self.value)
    }

    /// The object that it is, to be read key by key.
    ///
    /// # Errors
    /// When it is something else.
    pub fn section(self) -> Result<Config, ConfigFault> {
        Config::object(self.value, self.at)
    }

    /// The list that it is; `right` says for people what it would be.
    ///
    /// # Errors
    /// When it is something else.
    pub fn list(self, right: &str) -> Result<Vec<Self>, ConfigFault> {
        match self.shape() {
            (_, Shape::List(list)) => Ok(list),
            (at, _) => Err(ConfigFault::at(at, format!("it would be {right}"))),
        }
    }

    /// What is wrong where it is another kind than `right`.
    #[must_use]
    pub fn other_than(&self, right: &str) -> ConfigFault {
        ConfigFault::at(&self.at, format!("it is {}, and would be {right}", kind(&self.value)))
    }
}
