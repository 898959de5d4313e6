//! Where in a document the fields of its transaction stand, for what the gateway refuses of them.

use crate::{cii, ubl};

/// The syntax of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syntax {
    Ubl,
    Cii,
}

/// Where the fields stand in a syntax.
pub(crate) struct Places {
    pub(crate) number: &'static str,
    pub(crate) issued: &'static str,
    pub(crate) vat: &'static str,
    pub(crate) address: &'static str,
    pub(crate) amount: &'static str,
    pub(crate) currency: &'static str,
}

/// What tells where a field stood: the document's syntax, and whether its seller has a VAT identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) syntax: Syntax,
    pub(crate) has_vat: bool,
}

impl Syntax {
    pub(crate) fn places(self) -> &'static Places {
        match self {
            Self::Ubl => &ubl::PLACES,
            Self::Cii => &cii::PLACES,
        }
    }
}

impl Origin {
    /// Where a field stands that the gateway names `transactions/0/day`.
    pub(crate) fn place(self, field: &str) -> Option<&'static str> {
        let places = self.syntax.places();
        match field.strip_prefix("transactions/0/")? {
            "id" => Some(places.number),
            "day" | "time" => Some(places.issued),
            "key" if self.has_vat => Some(places.vat),
            "key" => Some(places.address),
            "amount" => Some(places.amount),
            "currency" => Some(places.currency),
            _ => None,
        }
    }

    /// What the gateway keeps with the message.
    pub(crate) fn context(self) -> &'static [u8] {
        match (self.syntax, self.has_vat) {
            (Syntax::Ubl, true) => b"uv",
            (Syntax::Ubl, false) => b"ua",
            (Syntax::Cii, true) => b"cv",
            (Syntax::Cii, false) => b"ca",
        }
    }

    pub(crate) fn of_context(context: &[u8]) -> Option<Self> {
        let (syntax, has_vat) = match context {
            b"uv" => (Syntax::Ubl, true),
            b"ua" => (Syntax::Ubl, false),
            b"cv" => (Syntax::Cii, true),
            b"ca" => (Syntax::Cii, false),
            _ => return None,
        };
        Some(Self { syntax, has_vat })
    }
}
