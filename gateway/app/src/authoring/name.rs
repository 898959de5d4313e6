//! What a new policy may be called: a crate, and a policy of a gateway.

use anyhow::{Result, bail};

/// The longest name, in bytes.
const NAME_BYTES: usize = 64;
/// Words that are no crate's name: Rust's own, and crates that a policy is built with.
const TAKEN: [&str; 52] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "tallygate-policy",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "unsafe",
    "use",
    "where",
    "while",
];

/// Checks a name.
///
/// # Errors
/// Says what is wrong and what would be right.
pub(super) fn check(name: &str) -> Result<()> {
    let part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let plain = name.split('-').all(part) && name.starts_with(|first: char| first.is_ascii_lowercase());
    if !plain || name.len() > NAME_BYTES {
        bail!(
            "{name:?} is no name for a policy: it would be small letters and digits, with single hyphens between, at most \
             {NAME_BYTES} of them, and begin with a letter, such as bank-statements"
        );
    }
    if TAKEN.contains(&name) {
        bail!("{name:?} is a name of Rust's own; one such as {name}-messages would do");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_crates_and_a_policys() {
        for name in ["a", "fattura-pa", "iso20022", "a-1-b"] {
            check(name).unwrap();
        }
        let long = "a".repeat(65);
        for name in ["", "-", "a-", "-a", "a--b", "A", "a_b", "a.b", "1a", "a b", "../a", "è", "fn", "test", &long] {
            assert!(check(name).is_err(), "{name}");
        }
    }
}
