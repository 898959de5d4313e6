//! Where an amount is, and what says its sign.

use tallygate_policy::config::Config;
use tallygate_policy::currency::{Currencies, Currency};
use tallygate_policy::decimal::Decimal;

use tallygate_policy::{ConfigFault, scan};

use crate::paths::{Paths, Use};
use crate::value::{Record, Value, one_of};
use crate::writing::Writing;
use crate::wrong::Fault;

/// Where an amount is, and what says its sign.
#[derive(Debug, Clone)]
pub(crate) struct Amounts {
    pub(crate) writing: Writing,
    place: Place,
    sign: Option<Sign>,
    /// None: whatever currency, and however many digits.
    currencies: Option<Currencies>,
}

#[derive(Debug, Clone)]
enum Place {
    One(Value),
    CreditOrDebit { credit: Value, debit: Value, own: Own },
}

#[derive(Debug, Clone)]
struct Sign {
    field: Value,
    negative: Vec<String>,
    positive: Vec<String>,
    own: Own,
}

/// What a sign of the amount's own means, where something else says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Own {
    Refused,
    Turned,
    Kept,
}

/// An amount as it was written and as it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Amount {
    /// Plain; with the sign that it was written with.
    written: String,
    /// Whether the sign that counts is the other one.
    turned: bool,
    /// By which it is named.
    cell: Option<usize>,
}

impl Amounts {
    /// Takes the keys of amounts, and the field's own.
    pub(crate) fn read<P: Paths>(
        config: &mut Config,
        field: Configured<'_>,
        paths: &mut P,
        plain: bool,
        of_iso: bool,
    ) -> Result<Self, ConfigFault> {
        let writing = Writing::read(config, plain)?;
        let place = field.place(paths)?;
        let sign = match config.given("sign") {
            None => None,
            Some(sign) => Some(Sign::read(sign.section()?, paths)?),
        };
        if sign.is_some() && matches!(place, Place::CreditOrDebit { .. }) {
            let detail = "credit and debit say the sign already; one of the two would be right";
            return Err(ConfigFault::at("/sign", detail));
        }
        let of_iso = of_iso || config.has("minor_units");
        let currencies = Currencies::configure(config)?;
        Ok(Self { writing, place, sign, currencies: of_iso.then_some(currencies) })
    }

    /// The cell of the amount, where it is a plain path.
    pub(crate) fn cell(&self) -> Option<usize> {
        match &self.place {
            Place::One(Value::Cell(cell)) => Some(*cell),
            _ => None,
        }
    }

    /// By which path the amount is named.
    pub(crate) fn named(&self) -> Option<usize> {
        match &self.place {
            Place::One(value) => value.cell(),
            Place::CreditOrDebit { credit, .. } => credit.cell(),
        }
    }

    /// The amount of a record.
    pub(crate) fn of(&self, record: Record<'_, '_>) -> Result<Amount, Fault> {
        let (amount, own) = match &self.place {
            Place::One(value) => {
                let text = value.there(record)?;
                let (written, own) = self.plain(&text, value)?;
                (Amount { written, turned: false, cell: value.cell() }, own)
            }
            Place::CreditOrDebit { credit, debit, own } => return self.credit_or_debit(record, credit, debit, *own),
        };
        match &self.sign {
            None => Ok(amount),
            Some(sign) => sign.of(record, amount, own),
        }
    }

    fn plain(&self, text: &str, value: &Value) -> Result<(String, bool), Fault> {
        self.writing.plain(text).map_err(|detail| Fault::new(value.cell(), "wrong-amount", detail))
    }

    fn credit_or_debit(
        &self,
        record: Record<'_, '_>,
        credit: &Value,
        debit: &Value,
        own: Own,
    ) -> Result<Amount, Fault> {
        let read = |value: &Value| -> Result<Option<(Amount, bool)>, Fault> {
            let Some(text) = value.of(record)? else { return Ok(None) };
            let (written, own) = self.plain(&text, value)?;
            Ok(Some((Amount { written, turned: false, cell: value.cell() }, own)))
        };
        let (credited, debited) = (read(credit)?, read(debit)?);
        let (amount, signed, negative) = match (credited, debited) {
            (None, None) => return Err(Fault::missing(credit.cell())),
            (Some((amount, signed)), None) => (amount, signed, false),
            (None, Some((amount, signed))) => (amount, signed, true),
            (Some((amount, signed)), Some((zero, _))) if zero.is_zero() => (amount, signed, false),
            (Some((zero, _)), Some((amount, signed))) if zero.is_zero() => (amount, signed, true),
            (Some(_), Some(_)) => {
                let detail = "it is there, and so is a credit; one of the two would be right";
                return Err(Fault::new(debit.cell(), "wrong-amount", detail));
            }
        };
        own.applied(amount, signed, negative)
    }

    /// Checks that the currency is one and has so many digits.
    pub(crate) fn check(
        &self,
        amount: &Amount,
        currency: &str,
        named: Option<usize>,
        last: &mut Option<Currency>,
    ) -> Result<(), Fault> {
        let Some(currencies) = &self.currencies else { return Ok(()) };
        let currency = match *last {
            Some(last) if last.code() == currency => last,
            _ => currencies.find(currency).map_err(|error| Fault::new(named, "wrong-currency", error.to_string()))?,
        };
        *last = Some(currency);
        // Where there are no more digits at all, none has to be looked at.
        let fraction = amount.written.len() - scan::until(amount.written.as_bytes(), [b'.']);
        if currency.minor_units().is_none_or(|digits| fraction <= 1 + usize::from(digits)) {
            return Ok(());
        }
        let fits = currency.check(amount.decimal(true)?);
        fits.map_err(|error| Fault::new(amount.cell, "wrong-amount", error.to_string()))
    }
}

/// The field `amount` as it was configured.
pub(crate) enum Configured<'g> {
    Given(tallygate_policy::config::Given),
    /// None was: it is at this path.
    At(&'g str, crate::Path),
}

impl Configured<'_> {
    fn place<P: Paths>(self, paths: &mut P) -> Result<Place, ConfigFault> {
        let given = match self {
            Self::At(at, path) => return paths.cell(at, path, Use::Amount).map(|cell| Place::One(Value::Cell(cell))),
            Self::Given(given) => given,
        };
        if !given.is_section() {
            return Value::read(given, paths, Use::Amount).map(Place::One);
        }
        let mut section = given.section()?;
        let place = if section.has("credit") || section.has("debit") {
            let credit = Value::read(section.required("credit", "where credits are")?, paths, Use::Amount)?;
            let debit = Value::read(section.required("debit", "where debits are")?, paths, Use::Amount)?;
            Place::CreditOrDebit { credit, debit, own: Own::read(&mut section)? }
        } else {
            Place::One(Value::of_section(&mut section, paths, Use::Amount)?)
        };
        section.finish()?;
        Ok(place)
    }
}

impl Sign {
    fn read<P: Paths>(mut config: Config, paths: &mut P) -> Result<Self, ConfigFault> {
        let field = Value::read(config.required("field", "where the sign is said")?, paths, Use::Text)?;
        let negative = config.required_strings("negative", "the values of a negative amount, such as `D`")?;
        let positive = config.required_strings("positive", "the values of a positive amount, such as `C`")?;
        let own = Own::read(&mut config)?;
        if let Some(both) = negative.iter().position(|value| positive.contains(value)) {
            let detail = format!("`{}` is among the positive ones too", negative[both]);
            return Err(ConfigFault::at(format!("{}/negative/{both}", config.place()), detail));
        }
        config.finish()?;
        Ok(Self { field, negative, positive, own })
    }

    fn of(&self, record: Record<'_, '_>, amount: Amount, signed: bool) -> Result<Amount, Fault> {
        let said = self.field.of(record)?;
        let word = said.as_deref().unwrap_or_default();
        let is_in = |list: &[String]| list.iter().any(|value| value == word);
        let negative = is_in(&self.negative);
        if !negative && !is_in(&self.positive) {
            if said.is_none() {
                return Err(Fault::missing(self.field.cell()));
            }
            let right = one_of(self.negative.iter().chain(&self.positive));
            return Err(Fault::new(self.field.cell(), "wrong-sign", right));
        }
        self.own.applied(amount, signed, negative)
    }
}

impl Own {
    fn read(config: &mut Config) -> Result<Self, ConfigFault> {
        match config.string("own")?.as_deref() {
            None | Some("refused") => Ok(Self::Refused),
            Some("turned") => Ok(Self::Turned),
            Some("kept") => Ok(Self::Kept),
            Some(other) => {
                let detail = format!("it is `{other}`, and would be `refused`, `turned` or `kept`");
                Err(ConfigFault::at(format!("{}/own", config.place()), detail))
            }
        }
    }

    /// The amount with the sign that something else said.
    fn applied(self, amount: Amount, signed: bool, negative: bool) -> Result<Amount, Fault> {
        match self {
            Self::Refused if signed => {
                let detail = "it has a sign, and another field says it; without one it would be right";
                Err(Fault::new(amount.cell, "wrong-amount", detail))
            }
            Self::Refused | Self::Turned => Ok(Amount { turned: negative, ..amount }),
            Self::Kept if amount.written.starts_with('-') == negative || amount.is_zero() => Ok(amount),
            Self::Kept => {
                let detail = "it has another sign than the field that says it";
                Err(Fault::new(amount.cell, "wrong-amount", detail))
            }
        }
    }
}

impl Amount {
    fn is_zero(&self) -> bool {
        self.written.bytes().all(|byte| matches!(byte, b'0' | b'.' | b'-'))
    }

    /// As a number: as it counts, or as it was written.
    pub(crate) fn decimal(&self, signed: bool) -> Result<Decimal, Fault> {
        let decimal = Decimal::parse(&self.written);
        let decimal = decimal.map_err(|error| Fault::new(self.cell, "wrong-amount", error.to_string()))?;
        Ok(if self.turned && signed { -decimal } else { decimal })
    }

    /// As the gateway takes it.
    pub(crate) fn text(self) -> String {
        if !self.turned {
            return self.written;
        }
        match self.written.strip_prefix('-') {
            Some(positive) => positive.to_owned(),
            None => ["-", &*self.written].concat(),
        }
    }
}
