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
}

impl std::fmt::Display for XmlError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at line {}, column {}", self.detail, self.line, self.column)
    }
}

impl std::error::Error for XmlError {}

impl XmlError {
    #[cold]
    pub(super) fn new(document: &[u8], at: usize, detail: impl Into<String>) -> Self {
        let (line, column) = scan::line_and_column(document, at);
        Self { line, column, detail: detail.into() }
    }
}
