//! An invoice or credit note in the terms of EN 16931, whichever syntax it came in, and the transaction it becomes.

use tallygate_policy::currency::{Currencies, Currency};
use tallygate_policy::date::{self, Date, UtcOffset};
use tallygate_policy::scan;
use tallygate_policy::xml::{Field, FieldError};
use tallygate_policy::{Refusal, Transaction};

use crate::amounts::{InCurrencies, missing, other_currency, written, wrong_amount};
use crate::claim::Claim;
use crate::origin::{Origin, Syntax};
use crate::totals::Totals;
use crate::types;

/// What counts of a document, and what it states about its sums. Fields keep the paths at which they stand.
pub(crate) struct Invoice<'p, 'a> {
    pub(crate) syntax: Syntax,
    /// What it follows (BT-24).
    pub(crate) claim: Field<'p, 'a>,
    /// Its number (BT-1).
    pub(crate) number: Field<'p, 'a>,
    /// When it was issued (BT-2).
    pub(crate) issued: (Date, UtcOffset),
    /// The code of its type (BT-3).
    pub(crate) type_code: Field<'p, 'a>,
    /// Whether its root says that it is a credit note; none where it says nothing.
    pub(crate) is_credit_note: Option<bool>,
    /// The seller's VAT identifier (BT-31), where there is one.
    pub(crate) vat: Option<Field<'p, 'a>>,
    /// The seller's electronic address (BT-34).
    pub(crate) address: Field<'p, 'a>,
    /// Its currency (BT-5).
    pub(crate) currency: Field<'p, 'a>,
    /// The currency at what is counted.
    pub(crate) amount_currency: Field<'p, 'a>,
    /// The currency in which VAT is accounted for (BT-6).
    pub(crate) tax_currency: Field<'p, 'a>,
    /// What is counted: the total with VAT (BT-112).
    pub(crate) amount: Field<'p, 'a>,
    pub(crate) totals: Totals<'p>,
    /// The currencies that the other amounts say they are in.
    pub(crate) currencies: InCurrencies,
}

impl Invoice<'_, '_> {
    /// The transaction, if all of it is there and the document is right about its sums. `more_credit_notes` are codes of
    /// types that the operator says are credit notes too.
    pub(crate) fn transaction(
        self,
        currencies: &Currencies,
        more_credit_notes: &[String],
    ) -> Result<(Transaction, Origin), Refusal> {
        let claim = Claim::of(scan::trimmed(&self.claim.optional().unwrap_or_default()));
        let number = text(self.number)?;
        let origin = Origin { syntax: self.syntax, has_vat: self.vat.is_some() };
        let key = match self.vat {
            Some(vat) => text(vat)?,
            None if self.address.clone().optional().is_none() => {
                return Err(missing(self.syntax.places().vat).into());
            }
            None => text(self.address)?,
        };
        let type_path = self.type_code.path();
        let type_code = self.type_code.optional();
        let type_code = scan::trimmed(type_code.as_deref().unwrap_or_default());
        if type_code.is_empty() && (claim.requires_totals() || self.is_credit_note.is_none()) {
            return Err(missing(type_path).into());
        }
        let is_credit_code = types::is_credit_note(type_code) || more_credit_notes.iter().any(|code| code == type_code);
        let is_credit_note = match self.is_credit_note {
            Some(by_root) => by_root || is_credit_code,
            None if is_credit_code => true,
            None if types::is_invoice(type_code) => false,
            None => return Err(no_type(type_path, type_code).into()),
        };

        let amount_path = self.amount.path();
        let amount_text = self.amount.text()?;
        // UBL says it at each amount, and EN 16931 for the whole document too.
        let currency = match self.syntax {
            Syntax::Ubl => currency(self.amount_currency, self.currency, claim.requires_totals(), currencies)?,
            Syntax::Cii => currency(self.currency, self.amount_currency, false, currencies)?,
        };
        self.currencies.check(currency.code())?;
        let tax_currency = self.tax_currency.optional();
        let tax_currency = tax_currency.as_deref().map(scan::trimmed);
        let amount = self.totals.with_vat.required()?;
        currency.check(amount).map_err(|error| wrong_amount(amount_path, error.to_string()))?;
        self.totals.check(claim, currency, tax_currency)?;

        let (day, offset) = self.issued;
        let kind = match (self.syntax, is_credit_note) {
            (Syntax::Ubl, false) => "ubl.invoice",
            (Syntax::Ubl, true) => "ubl.credit-note",
            (Syntax::Cii, false) => "cii.invoice",
            (Syntax::Cii, true) => "cii.credit-note",
        };
        let transaction = Transaction {
            id: identity(&key, &number),
            time: date::rfc3339(day.midnight(), offset),
            day: Some(date::written(day)),
            key,
            amount: written(&amount_text, amount, is_credit_note),
            currency: currency.code().to_owned(),
            kind: kind.to_owned(),
            attributes: vec![("number".to_owned(), number), ("type_code".to_owned(), type_code.to_owned())],
        };
        Ok((transaction, origin))
    }
}

/// The identity: the seller, a `/` and the document's number. A `/` in the seller is `~1` and a `~` is `~0`, so that no two
/// documents of different sellers get the same.
fn identity(seller: &str, number: &str) -> String {
    let mut id = String::with_capacity(seller.len() + number.len() + 1);
    for letter in seller.chars() {
        match letter {
            '~' => id.push_str("~0"),
            '/' => id.push_str("~1"),
            _ => id.push(letter),
        }
    }
    id.push('/');
    id.push_str(number);
    id
}

/// The currency that is said in one place, and perhaps in a second one.
fn currency(
    first: Field<'_, '_>,
    second: Field<'_, '_>,
    requires_second: bool,
    currencies: &Currencies,
) -> Result<Currency, FieldError> {
    let find = |code: &str| currencies.find(scan::trimmed(code));
    let path = second.path();
    let currency = first.read(find)?;
    match second.read_optional(find)? {
        Some(other) if other.code() != currency.code() => Err(other_currency(path, other.code(), currency.code())),
        None if requires_second => Err(missing(path)),
        _ => Ok(currency),
    }
}

/// A text without white space around it, if there is one.
fn text(field: Field<'_, '_>) -> Result<String, FieldError> {
    let path = field.path();
    let text = field.text()?;
    let trimmed = scan::trimmed(&text);
    if trimmed.is_empty() {
        return Err(FieldError::wrong(path, "it is empty"));
    }
    Ok(trimmed.to_owned())
}

#[cold]
fn no_type(path: &str, code: &str) -> FieldError {
    FieldError::wrong(
        path,
        format!("it is `{code}`, which is no type of an invoice or credit note in EN 16931, such as 380 or 381"),
    )
}
