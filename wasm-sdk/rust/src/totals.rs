//! Totals that a message states about itself, compared with what is in it.
//!
//! ```
//! use tallygate_policy::decimal::Decimal;
//! use tallygate_policy::totals::Total;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut total = Total::default();
//! for amount in ["12.50", "7.5"] {
//!     total.add(Decimal::parse(amount)?);
//! }
//! total.check_count("GrpHdr/NbOfTxs", 2)?;
//! total.check_sum("GrpHdr/CtrlSum", Decimal::parse("20")?)?;
//!
//! let error = total.check_sum("GrpHdr/CtrlSum", Decimal::parse("21")?).unwrap_err();
//! assert_eq!(error.to_string(), "`GrpHdr/CtrlSum`: it says 21.00, and the amounts in it add up to 20.00");
//! # Ok(())
//! # }
//! ```

use crate::decimal::Decimal;
use crate::xml::{FieldError, FieldFault};

/// How many amounts there were, and what they add up to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Total {
    count: u64,
    /// In units of a [`Decimal`], of which 10^11 of the largest fit.
    units: i128,
}

impl Total {
    /// Takes one amount more.
    pub fn add(&mut self, amount: Decimal) {
        self.count += 1;
        self.units = self.units.saturating_add(amount.units());
    }

    /// Takes all amounts of another one too.
    pub fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.units = self.units.saturating_add(other.units);
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// What they add up to; none where that has more than 18 digits before the point.
    #[must_use]
    pub fn sum(&self) -> Option<Decimal> {
        Decimal::from_units(self.units).ok()
    }

    /// Checks what the field at a path states as their sum.
    ///
    /// # Errors
    /// When it is another one: with the code `wrong-total`, the path, and both figures.
    pub fn check_sum(&self, path: &str, stated: Decimal) -> Result<(), FieldError> {
        if self.units == stated.units() {
            return Ok(());
        }
        let sum = self.sum().map_or_else(|| "more than any amount may be".to_owned(), |sum| sum.to_string());
        Err(differs(path, format!("it says {stated}, and the amounts in it add up to {sum}")))
    }

    /// Checks what the field at a path states as their number.
    ///
    /// # Errors
    /// When it is another one: with the code `wrong-total`, the path, and both figures.
    pub fn check_count(&self, path: &str, stated: u64) -> Result<(), FieldError> {
        if self.count == stated {
            return Ok(());
        }
        Err(differs(path, format!("it says {stated}, and there are {}", self.count)))
    }
}

/// A field that states something else than what follows from the others, with the code `wrong-total`; the detail says both.
#[cold]
#[must_use]
pub fn differs(path: &str, detail: String) -> FieldError {
    FieldError { path: path.to_owned(), fault: FieldFault::Wrong { code: "wrong-total".to_owned(), detail } }
}

#[cfg(test)]
mod tests {
    use super::Total;
    use crate::Refusal;
    use crate::decimal::Decimal;

    fn of(amounts: &[&str]) -> Total {
        let mut total = Total::default();
        amounts.iter().for_each(|amount| total.add(Decimal::parse(amount).expect(amount)));
        total
    }

    #[test]
    fn a_total_that_is_right_passes_however_it_is_written() {
        let total = of(&["0.1", "0.2", "-0.30", "1000000000000000"]);
        assert_eq!(total.check_sum("a", Decimal::parse("1000000000000000.000").expect("an amount")), Ok(()));
        assert_eq!((total.check_count("a", 4), total.count()), (Ok(()), 4));
        assert_eq!(of(&[]).check_sum("a", Decimal::ZERO), Ok(()));
    }

    #[test]
    fn a_difference_is_refused_with_the_field_and_both_figures() {
        let sum = of(&["0.1"]).check_sum("GrpHdr/CtrlSum", Decimal::parse("0.11").expect("an amount"));
        let refusal = Refusal::from(sum.expect_err("a difference"));
        assert_eq!((&*refusal.code, refusal.field.as_deref()), ("wrong-total", Some("GrpHdr/CtrlSum")));
        assert_eq!(refusal.detail, "`GrpHdr/CtrlSum`: it says 0.11, and the amounts in it add up to 0.10");
        let count = of(&["1", "1"]).check_count("NbOfTxs", 3).expect_err("a difference");
        assert_eq!(count.to_string(), "`NbOfTxs`: it says 3, and there are 2");
    }

    #[test]
    fn totals_are_added_up() {
        let mut all = of(&["1.5"]);
        all.merge(of(&["2", "-0.5"]));
        assert_eq!((all.count(), all.sum()), (3, Some(Decimal::from(3))));
    }

    #[test]
    fn a_sum_larger_than_any_amount_is_no_amount() {
        let most = "999999999999999999.999999999";
        let total = of(&[most, most]);
        assert_eq!(total.sum(), None);
        let error = total.check_sum("CtrlSum", Decimal::MAX).expect_err("a difference").to_string();
        assert!(error.ends_with("add up to more than any amount may be"), "{error}");
    }
}
