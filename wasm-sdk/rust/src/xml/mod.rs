//! A strict and fast reader of XML for messages that carry money.
//!
//! It resolves namespaces and checks that the document is well-formed. What makes two readers see two documents in one it
//! does not take at all: a DTD, and unless it is told to pass over them, comments and processing instructions. Depth and
//! attributes are limited.
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
//!
//! Values that lie deeper, and stand once at most, are for [`Paths`]; documents in other encodings than UTF-8 for
//! [`decode`].

pub(crate) mod code_pages;
mod content;
mod declaration;
mod decode;
mod error;
mod field;
mod limits;
mod misc;
mod paths;
mod reader;
mod scope;
mod start;
mod tag;
mod text;

#[cfg(test)]
mod tests;

pub use decode::decode;
pub use error::{XmlError, XmlErrorKind};
pub use field::{Field, FieldError, FieldFault};
pub use limits::{ATTRIBUTES, DEPTH};
pub use paths::Paths;
pub use reader::{Element, Reader};
pub use text::escape;
