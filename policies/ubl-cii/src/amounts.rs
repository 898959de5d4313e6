//! Amounts as documents state them: totals, each there once, and the parts that add up to them.

use std::borrow::Cow;

use tallygate_policy::decimal::{self, Decimal, FRACTION_DIGITS, Format};
use tallygate_policy::scan;
use tallygate_policy::totals::Total;
use tallygate_policy::xml::{Field, FieldError, FieldFault, XmlError};

use crate::origin::Syntax;

/// A total, and where it would stand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stated<'p> {
    pub(crate) path: &'p str,
    pub(crate) amount: Option<Decimal>,
}

impl<'p> Stated<'p> {
    pub(crate) fn read(field: Field<'p, '_>) -> Result<Self, FieldError> {
        let path = field.path();
        Ok(Self { path, amount: field.read_optional(|text| Format::XSD.parse(text))? })
    }

    pub(crate) fn or_zero(self) -> Decimal {
        self.amount.unwrap_or_default()
    }

    pub(crate) fn required(self) -> Result<Decimal, FieldError> {
        self.amount.ok_or_else(|| missing(self.path))
    }
}

/// Amounts of one kind that add up to a total, such as those of lines.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) total: Total,
    /// Of those with more than two digits behind the point the one that has most, and where it stands.
    pub(crate) finest: Option<(Decimal, String)>,
    /// Where the first one would be that is missing.
    pub(crate) missing: Option<String>,
}

impl Parts {
    /// Takes one more, and notes its currency. `place` is the element of a list that it is in.
    pub(crate) fn read(
        &mut self,
        amount: Field<'_, '_>,
        currency: Field<'_, '_>,
        currencies: &mut InCurrencies,
        place: impl Fn() -> String,
    ) -> Result<(), FieldError> {
        let at = |path: &str| [&*place(), "/", path].concat();
        let path = amount.path();
        match amount.read_optional(|text| Format::XSD.parse(text)).map_err(|error| error.within(&place()))? {
            Some(amount) => {
                currencies.note(currency, at)?;
                self.add(amount, || at(path));
            }
            None => _ = self.missing.get_or_insert_with(|| at(path)),
        }
        Ok(())
    }

    fn add(&mut self, amount: Decimal, path: impl FnOnce() -> String) {
        self.total.add(amount);
        let finest = self.finest.as_ref().map_or(2, |(finest, _)| digits(*finest));
        if digits(amount) > finest {
            self.finest = Some((amount, path()));
        }
    }
}

/// The currencies that amounts are in, each with the place of its first amount. They would all be one.
#[derive(Debug)]
pub(crate) struct InCurrencies {
    /// Whether every amount says its currency, or may be in the document's without a word.
    all_say: bool,
    seen: Vec<(String, String)>,
}

impl InCurrencies {
    pub(crate) fn of(syntax: Syntax) -> Self {
        Self { all_say: syntax == Syntax::Ubl, seen: Vec::new() }
    }

    /// Takes the currency of one more amount; `at` says where a path leads from the document.
    pub(crate) fn note(&mut self, code: Field<'_, '_>, at: impl FnOnce(&str) -> String) -> Result<(), FieldError> {
        let path = code.path();
        match code.optional() {
            Some(code) if self.seen.iter().any(|(known, _)| *known == code) => {}
            Some(code) => self.seen.push((code.into_owned(), at(path))),
            None if self.all_say => return Err(missing(&at(path))),
            None => {}
        }
        Ok(())
    }

    /// Takes the currency of a total, if the total is there.
    pub(crate) fn note_total(&mut self, total: Stated<'_>, code: Field<'_, '_>) -> Result<(), FieldError> {
        if total.amount.is_some() { self.note(code, str::to_owned) } else { Ok(()) }
    }

    /// Checks that all amounts are in a currency.
    pub(crate) fn check(&self, currency: &str) -> Result<(), FieldError> {
        match self.seen.iter().find(|(code, _)| scan::trimmed(code) != currency) {
            Some((code, path)) => Err(other_currency(path, code, currency)),
            None => Ok(()),
        }
    }
}

/// How many significant digits an amount has behind the point.
pub(crate) fn digits(amount: Decimal) -> u32 {
    // Nearly all fit in 64 bits, in which dividing is far quicker.
    let mut fraction = (amount.units().unsigned_abs() % 10_u128.pow(FRACTION_DIGITS as u32)) as u64;
    let mut digits = FRACTION_DIGITS as u32;
    if fraction.is_multiple_of(10_000_000) {
        (fraction, digits) = (fraction / 10_000_000, 2);
    }
    while digits > 0 && fraction.is_multiple_of(10) {
        (fraction, digits) = (fraction / 10, digits - 1);
    }
    digits
}

/// An amount as the gateway takes it, as it was written where that will do, and with the other sign if it is owed the other
/// way round.
pub(crate) fn written(text: &str, amount: Decimal, is_negated: bool) -> String {
    let text = scan::trimmed(text);
    let text = match decimal::check(text) {
        Ok(()) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(amount.to_string()),
    };
    if !is_negated || amount.is_zero() {
        return text.into_owned();
    }
    match text.strip_prefix('-') {
        Some(positive) => positive.to_owned(),
        None => ["-", &text].concat(),
    }
}

/// Whether an allowance is a charge, as XML Schema writes truth.
pub(crate) fn indicator(field: Field<'_, '_>) -> Result<bool, FieldError> {
    let path = field.path();
    match scan::trimmed(&field.text()?) {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        other => Err(FieldError::wrong(path, format!("it is `{other}`, and would be true or false"))),
    }
}

/// Keeps what may be there once.
pub(crate) fn once<T>(place: &mut Option<T>, value: T, path: &str) -> Result<(), FieldError> {
    if place.replace(value).is_some() { Err(twice(path)) } else { Ok(()) }
}

#[cold]
pub(crate) fn unreadable(path: &str, error: XmlError) -> FieldError {
    FieldError { path: path.to_owned(), fault: FieldFault::Xml(error) }
}

#[cold]
pub(crate) fn missing(path: &str) -> FieldError {
    FieldError { path: path.to_owned(), fault: FieldFault::Missing }
}

#[cold]
pub(crate) fn twice(path: &str) -> FieldError {
    FieldError { path: path.to_owned(), fault: FieldFault::Twice }
}

#[cold]
pub(crate) fn wrong_amount(path: &str, detail: String) -> FieldError {
    FieldError { path: path.to_owned(), fault: FieldFault::Wrong { code: "wrong-amount".to_owned(), detail } }
}

#[cold]
pub(crate) fn other_currency(path: &str, code: &str, right: &str) -> FieldError {
    FieldError::wrong(path, format!("it is `{code}`, and other amounts are in {right}"))
}

#[cfg(test)]
mod tests {
    use tallygate_policy::decimal::{Decimal, Format};

    use super::{digits, written};

    #[test]
    fn zeros_at_the_end_are_no_digits() {
        for (text, right) in
            [("0", 0), ("100", 0), ("-1.500", 1), ("1.05", 2), ("1.0050", 3), ("-0.000000001", 9), ("12.345678900", 7)]
        {
            assert_eq!(digits(Decimal::parse(text).expect(text)), right, "{text}");
        }
    }

    #[test]
    fn an_amount_stays_as_it_was_written_but_for_its_sign() {
        for (text, as_it_is, negated) in [
            ("336.9", "336.9", "-336.9"),
            (" 336.90\n", "336.90", "-336.90"),
            ("-12", "-12", "12"),
            ("+12.5", "12.50", "-12.50"),
            (".5", "0.50", "-0.50"),
            ("0.00", "0.00", "0.00"),
        ] {
            let amount = Format::XSD.parse(text).expect(text);
            assert_eq!((&*written(text, amount, false), &*written(text, amount, true)), (as_it_is, negated));
        }
    }
}
