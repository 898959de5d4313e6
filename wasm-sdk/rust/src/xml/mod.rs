//! A strict and fast reader of XML for messages that carry money.
//!
//! It resolves namespaces and checks that the document is well-formed. What makes two readers see two documents in one it
//! does not take at all: a DTD, processing instructions, comments. Depth and attributes are limited.
//!
//! ```
//! use tallygate_policy::xml::{Reader, XmlError};
//!
//! fn total(document: &str) -> Result<Option<String>, XmlError> {
//!     let mut total = None;
//!     let mut reader = Reader::new(document.as_bytes())?;
//!     let root = reader.root()?;
//!     assert_eq!((root.namespace, root.local), ("urn:shop", "order"));
//!     while let Some(child) = reader.child()? {
//!         match child.local {
//!             "total" => total = Some(reader.text()?.into_owned()),
//!             _ => reader.skip()?,
//!         }
//!     }
//!     reader.finish()?;
//!     Ok(total)
//! }
//! assert_eq!(total("<o:order xmlns:o='urn:shop'><o:total>12.50</o:total></o:order>"), Ok(Some("12.50".into())));
//! ```

mod reader;
mod tag;
mod text;

#[cfg(test)]
mod tests;

pub use reader::{Element, Reader};
pub use text::escape;

/// How deep elements may be nested.
pub const DEPTH: usize = 64;
/// How many attributes an element may have, namespace declarations included.
pub const ATTRIBUTES: usize = 64;

/// Why a document is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XmlError {
    /// The line, from 1.
    pub line: usize,
    /// The byte in that line, from 1.
    pub column: usize,
    /// What was wrong.
    pub detail: String,
}

impl std::fmt::Display for XmlError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at line {}, column {}", self.detail, self.line, self.column)
    }
}

impl std::error::Error for XmlError {}

impl XmlError {
    #[cold]
    fn new(document: &[u8], at: usize, detail: impl Into<String>) -> Self {
        let before = &document[..at.min(document.len())];
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|&&byte| byte != b'\n').count() + 1;
        Self { line, column, detail: detail.into() }
    }
}
