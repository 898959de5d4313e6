//! Every limit of the reader.

/// How deep elements may be nested.
pub const DEPTH: usize = 64;
/// How many attributes an element may have, namespace declarations included.
pub const ATTRIBUTES: usize = 64;
