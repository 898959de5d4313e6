//! Why a document is not taken, and where.

use crate::scan;

/// Why a document is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XmlError {
    /// The line, from 1.
    pub line: usize,
    /// The byte in that line, from 1.
    pub column: usize,
    /// What was wrong.
    pub detail: String,
    /// Whether it is XML at all.
    pub kind: XmlErrorKind,
}

/// Whether what is not taken is XML at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum XmlErrorKind {
    /// It is not well-formed by XML 1.0 and its namespaces, so nobody can read it.
    NotWellFormed,
    /// Others may read it, and here it is not taken: a DTD, an encoding, more than a limit, text where elements are due.
    NotTaken,
}

impl std::fmt::Display for XmlError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, at line {}, column {}", self.detail, self.line, self.column)
    }
}

impl std::error::Error for XmlError {}

impl XmlError {
    #[cold]
    pub(super) fn new(document: &[u8], at: usize, detail: impl Into<String>) -> Self {
        let (line, column) = scan::line_and_column(document, at);
        Self { line, column, detail: detail.into(), kind: XmlErrorKind::NotWellFormed }
    }

    #[cold]
    pub(super) fn not_taken(document: &[u8], at: usize, detail: impl Into<String>) -> Self {
        Self { kind: XmlErrorKind::NotTaken, ..Self::new(document, at, detail) }
    }
}

/// As much of a name as an error tells; the longest names that are meant are shorter.
pub(super) fn shown(name: &str) -> &str {
    const LONGEST: usize = 80;
    &name[..name.floor_char_boundary(LONGEST)]
}
