//! One value that was looked for by its path, and what can be wrong with it.

use std::borrow::Cow;
use std::fmt;

use super::error::XmlError;
use crate::world::tallygate::policy::types::Refusal;

/// What stood at a path, if something did.
///
/// Its text is as it stands in the document, with the white space around it: nothing is trimmed here. Of what reads it,
/// [`Format::XSD`](crate::decimal::Format::XSD) and [`date::parse_xsd`](crate::date::parse_xsd) pass over white space around
/// the value, as XML Schema does; the others refuse it. [`scan::trimmed`](crate::scan::trimmed) takes it away from any text:
///
/// ```
/// # use tallygate_policy::xml::{Paths, Reader};
/// # use tallygate_policy::{Refusal, decimal::{Decimal, Format}, scan};
/// # fn main() -> Result<(), Refusal> {
/// let paths = Paths::new(&[], ["total", "paid", "kind"]).expect("paths");
/// let mut reader = Reader::new(b"<o><total> 220.00 </total><paid> 220.00 </paid><kind> TD01 </kind></o>")?;
/// reader.root()?;
/// let [total, paid, kind] = paths.read(&mut reader)?;
/// assert_eq!(total.read(|text| Format::XSD.parse(text))?.to_string(), "220.00");
/// let error = paid.read(Decimal::parse).unwrap_err();
/// assert_eq!(error.to_string(), "`paid`: it has white space around it, and would be the number alone");
/// assert_eq!(scan::trimmed(&kind.text()?), "TD01");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "whether it is there is known only once it is asked"]
pub struct Field<'p, 'a> {
    path: &'p str,
    text: Option<Cow<'a, str>>,
}

/// A value that is missing, there twice, or not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Where, such as `Racun/Oib`.
    pub path: String,
    /// What is wrong.
    pub fault: FieldFault,
}

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldFault {
    /// It is not there.
    Missing,
    /// It, or an element that leads to it, stands twice.
    Twice,
    /// It is not as it should be.
    Wrong {
        /// The code of the refusal, such as `wrong-amount`.
        code: String,
        /// What is wrong and what would be right.
        detail: String,
    },
    /// The document is not taken there.
    Xml(XmlError),
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match &self.fault {
            FieldFault::Missing => write!(f, "`{path}` is missing"),
            FieldFault::Twice => write!(f, "`{path}` stands twice"),
            FieldFault::Wrong { detail, .. } if path.is_empty() => f.write_str(detail),
            FieldFault::Wrong { detail, .. } => write!(f, "`{path}`: {detail}"),
            FieldFault::Xml(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for FieldError {}

impl FieldError {
    /// A value is not as it should be, with the code `wrong-field`.
    #[cold]
    #[must_use]
    pub fn wrong(path: &str, detail: impl Into<String>) -> Self {
        Self::new(path, FieldFault::Wrong { code: "wrong-field".to_owned(), detail: detail.into() })
    }

    /// The error, told from further above: within `line[2]` the path `total` is `line[2]/total`. For lists, whose elements
    /// are counted only in the message; what is the same in each is for [`Paths::within`](super::Paths::within).
    #[cold]
    #[must_use]
    pub fn within(mut self, above: &str) -> Self {
        self.path = joined(above, &self.path);
        self
    }

    #[cold]
    pub(super) fn twice(path: &str) -> Self {
        Self::new(path, FieldFault::Twice)
    }

    #[cold]
    pub(super) fn xml(path: &str, error: XmlError) -> Self {
        Self::new(path, FieldFault::Xml(error))
    }

    fn new(path: &str, fault: FieldFault) -> Self {
        Self { path: path.to_owned(), fault }
    }
}

impl<'p, 'a> Field<'p, 'a> {
    pub(super) fn new(path: &'p str, text: Option<Cow<'a, str>>) -> Self {
        Self { path, text }
    }

    /// The path, as errors name it.
    #[must_use]
    pub fn path(&self) -> &'p str {
        self.path
    }

    /// The text, which may be empty, with white space around it where the document has some.
    ///
    /// # Errors
    /// When it is missing.
    pub fn text(self) -> Result<Cow<'a, str>, FieldError> {
        self.text.ok_or_else(|| FieldError::new(self.path, FieldFault::Missing))
    }

    /// The text if it is there.
    #[must_use]
    pub fn optional(self) -> Option<Cow<'a, str>> {
        self.text
    }

    /// What is read of the text, such as by [`Decimal::parse`](crate::decimal::Decimal::parse) or
    /// [`date::parse`](crate::date::parse). The error keeps its code and gets the path.
    ///
    /// # Errors
    /// When it is missing, or not to be read so.
    pub fn read<T, E: Into<Refusal>>(self, read: impl FnOnce(&str) -> Result<T, E>) -> Result<T, FieldError> {
        let path = self.path;
        let text = self.text()?;
        read(&text).map_err(|error| unreadable(path, error.into()))
    }

    /// As [`read`](Field::read), but it may be missing.
    ///
    /// # Errors
    /// When it is there and not to be read so.
    pub fn read_optional<T, E: Into<Refusal>>(
        self,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, FieldError> {
        if self.text.is_none() { Ok(None) } else { self.read(read).map(Some) }
    }

    /// The text, if it is right; `right` says for people what it would be: `11 digits`.
    ///
    /// # Errors
    /// When it is missing, or wrong.
    pub fn checked(self, is_right: impl FnOnce(&str) -> bool, right: &str) -> Result<Cow<'a, str>, FieldError> {
        let path = self.path;
        let text = self.text()?;
        if is_right(&text) { Ok(text) } else { Err(FieldError::wrong(path, format!("it would be {right}"))) }
    }
}

/// A path as it is from further above.
pub(super) fn joined(above: &str, path: &str) -> String {
    let between = if above.is_empty() || path.is_empty() { "" } else { "/" };
    format!("{above}{between}{path}")
}

#[cold]
fn unreadable(path: &str, refusal: Refusal) -> FieldError {
    FieldError::new(path, FieldFault::Wrong { code: refusal.code, detail: refusal.detail })
}
