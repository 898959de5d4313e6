//! What a document states about its own sums, checked by the rules of EN 16931 whose numbers stand beside them.

use tallygate_policy::currency::Currency;
use tallygate_policy::decimal::{Decimal, DecimalError, FRACTION_DIGITS, Format};
use tallygate_policy::scan;
use tallygate_policy::totals::differs;
use tallygate_policy::xml::{Field, FieldError};

use crate::amounts::{InCurrencies, Parts, Stated, digits, missing, other_currency, twice, wrong_amount};
use crate::claim::Claim;

/// EN 16931 lets amounts have so many digits behind the point, whatever their currency (BR-DEC).
const DIGITS: u32 = 2;

/// The totals, and what they are made of.
pub(crate) struct Totals<'p> {
    /// Sum of the lines (BT-106).
    pub(crate) lines: Stated<'p>,
    /// Sum of allowances on the document (BT-107).
    pub(crate) allowances: Stated<'p>,
    /// Sum of charges on the document (BT-108).
    pub(crate) charges: Stated<'p>,
    /// Total without VAT (BT-109).
    pub(crate) without_vat: Stated<'p>,
    /// Total with VAT (BT-112).
    pub(crate) with_vat: Stated<'p>,
    /// What was paid before (BT-113).
    pub(crate) paid: Stated<'p>,
    /// Rounding of what is to be paid (BT-114).
    pub(crate) rounding: Stated<'p>,
    /// What is to be paid (BT-115).
    pub(crate) payable: Stated<'p>,
    pub(crate) parts: PartsOfTotals<'p>,
}

/// What totals are made of.
#[derive(Default)]
pub(crate) struct PartsOfTotals<'p> {
    /// BT-131.
    pub(crate) lines: Parts,
    /// BT-92.
    pub(crate) allowances: Parts,
    /// BT-99.
    pub(crate) charges: Parts,
    /// Payments by third parties, which the extension of XRechnung adds to what is to be paid (BT-DEX-002).
    pub(crate) others_paid: Parts,
    pub(crate) taxes: Vec<Tax<'p>>,
}

/// The total of a tax (BT-110, BT-111), and what it is made of.
pub(crate) struct Tax<'p> {
    path: &'p str,
    amount: Decimal,
    /// None where it does not say one, and is in the document's.
    currency: Option<String>,
    /// BT-117.
    pub(crate) by_category: Parts,
}

impl<'p> Tax<'p> {
    /// One of UBL, where each has its own categories, in its own currency.
    pub(crate) fn read(
        amount: Field<'p, '_>,
        currency: Field<'p, '_>,
        by_category: Parts,
        currencies: &InCurrencies,
    ) -> Result<Self, FieldError> {
        let path = amount.path();
        let amount = amount.read(|text| Format::XSD.parse(text))?;
        let currency = scan::trimmed(&currency.text()?).to_owned();
        currencies.check(&currency)?;
        Ok(Self { path, amount, currency: Some(currency), by_category })
    }

    /// One of a Cross Industry Invoice, whose categories stand elsewhere.
    pub(crate) fn of(path: &'p str, amount: Decimal, currency: Option<String>) -> Self {
        Self { path, amount, currency, by_category: Parts::default() }
    }

    /// Whether it is in a currency, which is the document's.
    pub(crate) fn is_in(&self, currency: &str) -> bool {
        self.currency.as_deref().is_none_or(|own| own == currency)
    }
}

/// What stands in the totals: in the order of [`Totals`] the amounts, then the currency of each.
pub(crate) type Fields<'p, 'a> = [Field<'p, 'a>; 16];

impl<'p> Totals<'p> {
    pub(crate) fn read(
        fields: Fields<'p, '_>,
        parts: PartsOfTotals<'p>,
        currencies: &mut InCurrencies,
    ) -> Result<Self, FieldError> {
        let [lines, allowances, charges, without_vat, with_vat, paid, rounding, payable, codes @ ..] = fields;
        let totals = Self {
            lines: Stated::read(lines)?,
            allowances: Stated::read(allowances)?,
            charges: Stated::read(charges)?,
            without_vat: Stated::read(without_vat)?,
            with_vat: Stated::read(with_vat)?,
            paid: Stated::read(paid)?,
            rounding: Stated::read(rounding)?,
            payable: Stated::read(payable)?,
            parts,
        };
        for (total, code) in totals.all().into_iter().zip(codes) {
            currencies.note_total(total, code)?;
        }
        Ok(totals)
    }

    fn all(&self) -> [Stated<'p>; 8] {
        let Self { lines, allowances, charges, without_vat, with_vat, paid, rounding, payable, .. } = *self;
        [lines, allowances, charges, without_vat, with_vat, paid, rounding, payable]
    }

    /// Checks all rules that hold by what the document follows.
    pub(crate) fn check(&self, claim: Claim, currency: Currency, tax_currency: Option<&str>) -> Result<(), FieldError> {
        if claim.limits_digits() {
            self.check_digits(currency)?;
        }
        if claim.requires_totals() {
            self.without_vat.required()?;
            self.payable.required()?;
            self.lines.required()?;
        }
        let differing = Differing::by(claim, currency);
        self.check_parts(claim, differing)?;
        let tax = self.tax(claim, currency, tax_currency, differing)?;
        if claim.relates_totals() {
            self.check_relations(claim, tax, differing)?;
        }
        if claim.relates_payable() {
            self.check_payable(claim, differing)?;
        }
        Ok(())
    }

    /// BR-DEC: no amount has more digits than two, or than its currency where that has more.
    fn check_digits(&self, currency: Currency) -> Result<(), FieldError> {
        let most = currency.minor_units().map_or(DIGITS, |digits| DIGITS.max(digits.into()));
        if let Some(total) = self.all().into_iter().find(|total| digits(total.or_zero()) > most) {
            return Err(too_fine(total.path, most));
        }
        let parts = [&self.parts.lines, &self.parts.allowances, &self.parts.charges];
        let by_category = self.parts.taxes.iter().map(|tax| &tax.by_category);
        let finest = parts.into_iter().chain(by_category).filter_map(|parts| parts.finest.as_ref());
        for (amount, path) in finest {
            if digits(*amount) > most {
                return Err(too_fine(path, most));
            }
        }
        match self.parts.taxes.iter().find(|tax| digits(tax.amount) > most) {
            Some(tax) => Err(too_fine(tax.path, most)),
            None => Ok(()),
        }
    }

    fn check_parts(&self, claim: Claim, differing: Differing) -> Result<(), FieldError> {
        let Self { lines, allowances, charges, .. } = self;
        if claim.requires_amounts()
            && let Some(path) = [&self.parts.lines, &self.parts.allowances, &self.parts.charges]
                .into_iter()
                .find_map(|parts| parts.missing.as_ref())
        {
            return Err(missing(path));
        }
        if self.parts.lines.total.count() > 0 || claim.requires_lines() {
            differing.sum(*lines, &self.parts.lines, "the lines add up to (BR-CO-10)")?;
        }
        for (total, parts, rule) in [
            (allowances, &self.parts.allowances, "the document's allowances add up to (BR-CO-11)"),
            (charges, &self.parts.charges, "the document's charges add up to (BR-CO-12)"),
        ] {
            if claim.requires_totals() && parts.total.count() > 0 {
                total.required()?;
            }
            differing.sum(*total, parts, rule)?;
        }
        Ok(())
    }

    /// The tax in the document's currency; of each tax the categories add up to its total (BR-CO-14).
    fn tax(
        &self,
        claim: Claim,
        currency: Currency,
        tax_currency: Option<&str>,
        differing: Differing,
    ) -> Result<Decimal, FieldError> {
        let has_categories = |tax: &Tax<'_>| tax.by_category.total.count() > 0;
        // Where VAT is accounted for in the document's own currency, some repeat its total without the categories.
        let may_repeat = tax_currency == Some(currency.code()) && self.parts.taxes.iter().any(has_categories);
        let mut sum = None;
        for tax in &self.parts.taxes {
            if has_categories(tax) {
                let stated = Stated { path: tax.path, amount: Some(tax.amount) };
                differing.sum(stated, &tax.by_category, "its categories add up to (BR-CO-14)")?;
            } else if may_repeat {
                continue;
            }
            if tax.is_in(currency.code()) {
                if sum.is_some() && claim.requires_totals() {
                    return Err(twice(tax.path));
                }
                sum = Some(result(tax.path, tax.amount.plus(sum.unwrap_or_default()))?);
            }
        }
        match (sum, self.parts.taxes.first()) {
            (Some(sum), _) => Ok(sum),
            // Of several currencies none is the document's.
            (None, Some(tax)) => {
                Err(other_currency(tax.path, tax.currency.as_deref().unwrap_or_default(), currency.code()))
            }
            (None, None) => Ok(Decimal::ZERO),
        }
    }

    /// The totals follow from each other (BR-CO-13, BR-CO-15).
    fn check_relations(&self, claim: Claim, tax: Decimal, differing: Differing) -> Result<(), FieldError> {
        let Self { lines, without_vat, with_vat, .. } = *self;
        if let Some(lines) = lines.amount {
            let path = without_vat.path;
            let net = result(path, lines.minus(self.allowances.or_zero()))?;
            let net = result(path, net.plus(self.charges.or_zero()))?;
            differing.amount(without_vat, net, "lines less allowances plus charges are (BR-CO-13)")?;
        }
        if let Some(net) = without_vat.amount {
            let gross = result(with_vat.path, net.plus(tax))?;
            let rounded = result(with_vat.path, gross.plus(self.rounding.or_zero()))?;
            if self.may_be_rounded_before(claim) && differing.is_same(with_vat.or_zero(), rounded) {
                return Ok(());
            }
            differing.amount(with_vat, gross, "the total without VAT plus VAT is (BR-CO-15)")?;
        }
        Ok(())
    }

    /// What is to be paid follows from the totals (BR-CO-16).
    fn check_payable(&self, claim: Claim, differing: Differing) -> Result<(), FieldError> {
        let Self { with_vat, payable, .. } = *self;
        let due = result(payable.path, with_vat.or_zero().minus(self.paid.or_zero()))?;
        if self.may_be_rounded_before(claim) && differing.is_same(payable.or_zero(), due) {
            return Ok(());
        }
        let rounded = result(payable.path, due.plus(self.rounding.or_zero()))?;
        // The extension of XRechnung adds what others paid (BR-DEX-09).
        let others_paid = self.parts.others_paid.total.sum().unwrap_or_default();
        let with_others = result(payable.path, rounded.plus(others_paid))?;
        if claim == Claim::Extension && differing.is_same(payable.or_zero(), with_others) {
            return Ok(());
        }
        differing.amount(payable, rounded, "the total with VAT less what was paid plus rounding is (BR-CO-16)")
    }

    /// Whether the rounding may be in the total with VAT rather than behind it, as UBL's own examples have it.
    fn may_be_rounded_before(&self, claim: Claim) -> bool {
        claim == Claim::None && self.rounding.amount.is_some()
    }
}

/// Compares what is stated with what follows from other figures.
#[derive(Clone, Copy)]
struct Differing {
    /// To how many digits behind the point a figure may be rounded.
    digits: u32,
}

impl Differing {
    /// EN 16931 rounds to two digits, and its extensions to those of a currency that has fewer.
    fn by(claim: Claim, currency: Currency) -> Self {
        let of_currency = currency.minor_units().map_or(DIGITS, |digits| DIGITS.min(digits.into()));
        Self { digits: if claim.limits_digits() { DIGITS } else { of_currency } }
    }

    fn sum(self, stated: Stated<'_>, parts: &Parts, rule: &str) -> Result<(), FieldError> {
        match parts.total.sum() {
            Some(sum) => self.amount(stated, sum, rule),
            None => Err(differs(stated.path, format!("{rule} more than any amount may be"))),
        }
    }

    fn amount(self, stated: Stated<'_>, right: Decimal, rule: &str) -> Result<(), FieldError> {
        match stated.amount {
            Some(amount) if !self.is_same(amount, right) => {
                Err(differs(stated.path, format!("it says {amount}, and {rule} {right}")))
            }
            _ => Ok(()),
        }
    }

    /// Whether a figure is another one, or that rounded, to the digits that it has itself if they are more. Of figures that
    /// have no more digits, only equal ones are the same.
    fn is_same(self, stated: Decimal, right: Decimal) -> bool {
        if stated == right {
            return true;
        }
        let digits = digits(stated).max(self.digits);
        let unit = 10_u128.pow(FRACTION_DIGITS as u32 - digits);
        stated.units().abs_diff(right.units()) * 2 <= unit
    }
}

/// A result, or the refusal of the field in which it would be too large.
fn result(path: &str, result: Result<Decimal, DecimalError>) -> Result<Decimal, FieldError> {
    result.map_err(|error| wrong_amount(path, error.to_string()))
}

#[cold]
fn too_fine(path: &str, most: u32) -> FieldError {
    wrong_amount(path, format!("it has more than {most} digits behind the point (BR-DEC)"))
}
