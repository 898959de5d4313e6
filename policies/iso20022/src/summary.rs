//! What a statement says of its own entries, compared with them: `TxsSummry`, and the balances around them.

use tallygate_policy::currency::{Currencies, Currency};
use tallygate_policy::decimal::Decimal;
use tallygate_policy::totals::{Total, differs};

use crate::cursor::Cursor;
use crate::errors::{once, there};
use crate::fields::{count, figure, money};
use crate::reading::Read;
use crate::statements::direction;

/// The entries of a statement, whatever their status, and those that are booked.
#[derive(Default)]
pub(crate) struct Entries {
    all: Sides,
    booked: Sides,
    /// The currency of those that are booked.
    currency: Option<Currency>,
    has_others: bool,
}

#[derive(Default)]
struct Sides {
    credits: Total,
    debits: Total,
}

/// `TxsSummry`: totals of all entries, of credits and of debits.
#[derive(Default)]
pub(crate) struct Summary {
    all: Stated,
    credits: Stated,
    debits: Stated,
}

#[derive(Default)]
struct Stated {
    is_there: Option<()>,
    count: Option<u64>,
    sum: Option<Decimal>,
    net: Option<Decimal>,
    is_debit: Option<bool>,
}

/// The balances that a statement begins and ends with.
#[derive(Default)]
pub(crate) struct Balances {
    opening: Vec<Balance>,
    /// What the statement before ended with, which it begins with where it does not say otherwise.
    before: Vec<Balance>,
    closing: Vec<Balance>,
}

struct Balance {
    /// Below 0 of a debit.
    amount: Decimal,
    currency: Currency,
}

impl Entries {
    /// Takes an entry.
    pub(crate) fn add(&mut self, amount: Decimal, currency: Currency, is_debit: bool, is_booked: bool) {
        self.all.add(amount, is_debit);
        if is_booked {
            self.booked.add(amount, is_debit);
            self.has_others |= self.currency.replace(currency).is_some_and(|before| before != currency);
        }
    }
}

impl Sides {
    fn add(&mut self, amount: Decimal, is_debit: bool) {
        if is_debit { self.debits.add(amount) } else { self.credits.add(amount) }
    }

    fn both(&self) -> Total {
        let mut both = self.credits;
        both.merge(self.debits);
        both
    }

    /// What the credits are more than the debits; none where that is more than any amount may be.
    fn net(&self) -> Option<Decimal> {
        self.credits.sum()?.minus(self.debits.sum()?).ok()
    }
}

impl Summary {
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Read<Self> {
        let mut summary = Self::default();
        while let Some(name) = cursor.child()? {
            let stated = match name {
                "TtlNtries" => &mut summary.all,
                "TtlCdtNtries" => &mut summary.credits,
                "TtlDbtNtries" => &mut summary.debits,
                _ => {
                    cursor.skip()?;
                    continue;
                }
            };
            once(&mut stated.is_there, (), name)?;
            stated.read(cursor).map_err(|error| error.within(name))?;
        }
        Ok(summary)
    }

    /// Compares it with the entries. Some banks count those alone that are booked, others all, and both is right.
    pub(crate) fn check(&self, entries: &Entries) -> Read<()> {
        let Entries { all, booked, .. } = entries;
        for (name, stated, all, booked) in [
            ("TtlNtries", &self.all, all.both(), booked.both()),
            ("TtlCdtNtries", &self.credits, all.credits, booked.credits),
            ("TtlDbtNtries", &self.debits, all.debits, booked.debits),
        ] {
            stated.check(&all, &booked).map_err(|error| error.within(name))?;
        }
        self.all.check_net(all, booked).map_err(|error| error.within("TtlNtries"))
    }
}

impl Stated {
    fn read(&mut self, cursor: &mut Cursor<'_>) -> Read<()> {
        while let Some(name) = cursor.child()? {
            match name {
                "NbOfNtries" => {
                    let text = cursor.text(name)?;
                    once(&mut self.count, count(&text, name)?, name)?;
                }
                "Sum" => {
                    let text = cursor.text(name)?;
                    once(&mut self.sum, figure(&text, name)?, name)?;
                }
                // The first versions.
                "TtlNetNtryAmt" => {
                    let text = cursor.text(name)?;
                    once(&mut self.net, figure(&text, name)?, name)?;
                }
                "CdtDbtInd" => once(&mut self.is_debit, direction(cursor, name)?, name)?,
                "TtlNetNtry" => self.read_net(cursor).map_err(|error| error.within(name))?,
                _ => cursor.skip()?,
            }
        }
        Ok(())
    }

    fn read_net(&mut self, cursor: &mut Cursor<'_>) -> Read<()> {
        while let Some(name) = cursor.child()? {
            match name {
                "Amt" => {
                    let text = cursor.text(name)?;
                    once(&mut self.net, figure(&text, name)?, name)?;
                }
                "CdtDbtInd" => once(&mut self.is_debit, direction(cursor, name)?, name)?,
                _ => cursor.skip()?,
            }
        }
        Ok(())
    }

    fn check(&self, all: &Total, booked: &Total) -> Read<()> {
        if let Some(count) = self.count.filter(|count| *count != booked.count()) {
            all.check_count("NbOfNtries", count)?;
        }
        match self.sum.filter(|sum| booked.sum() != Some(*sum)) {
            Some(sum) => all.check_sum("Sum", sum),
            None => Ok(()),
        }
    }

    fn check_net(&self, all: &Sides, booked: &Sides) -> Read<()> {
        let Some(net) = self.net else { return Ok(()) };
        // Which side it is on need not be said.
        let agrees = |side: &Sides| {
            side.net().is_some_and(|right| match self.is_debit {
                Some(is_debit) => right == if is_debit { -net } else { net },
                None => right.abs() == net,
            })
        };
        if agrees(all) || agrees(booked) {
            return Ok(());
        }
        let side = if self.is_debit == Some(true) { " DBIT" } else { "" };
        let right = all.net().map_or_else(|| "more than any amount may be".to_owned(), |net| net.to_string());
        Err(differs("TtlNetNtry", format!("it says {net}{side}, and credits less debits are {right}")))
    }
}

impl Balances {
    /// Reads the balance that the cursor stands in.
    pub(crate) fn take(&mut self, cursor: &mut Cursor<'_>, currencies: &Currencies) -> Read<()> {
        let (mut code, mut amount, mut is_debit) = (None, None, None);
        while let Some(name) = cursor.child()? {
            match name {
                "Tp" => once(&mut code, balance_code(cursor).map_err(|error| error.within(name))?, name)?,
                "Amt" => once(&mut amount, money(cursor, currencies, name)?, name)?,
                "CdtDbtInd" => once(&mut is_debit, direction(cursor, name)?, name)?,
                _ => cursor.skip()?,
            }
        }
        let amount = there(amount, "Amt")?;
        let is_debit = there(is_debit, "CdtDbtInd")?;
        let balances = match code.flatten() {
            Some(Code::Opening) => &mut self.opening,
            Some(Code::Before) => &mut self.before,
            Some(Code::Closing) => &mut self.closing,
            None => return Ok(()),
        };
        let signed = if is_debit { -amount.amount } else { amount.amount };
        balances.push(Balance { amount: signed, currency: amount.currency });
        Ok(())
    }

    /// Checks that the entries lead from the one balance to the other, where there is one of each in their currency. A
    /// statement of several days may have more of them, and of several that it may begin with nothing tells which holds.
    pub(crate) fn check(&self, entries: &Entries) -> Read<()> {
        let (opening, name) = match (&self.opening[..], &self.before[..]) {
            ([opening], []) => (opening, "OPBD"),
            ([], [before]) => (before, "PRCD"),
            _ => return Ok(()),
        };
        let [closing] = &self.closing[..] else { return Ok(()) };
        let is_other = |currency: Currency| currency != opening.currency;
        if is_other(closing.currency) || entries.has_others || entries.currency.is_some_and(is_other) {
            return Ok(());
        }
        let right = entries.booked.net().and_then(|net| opening.amount.plus(net).ok());
        if right == Some(closing.amount) {
            return Ok(());
        }
        let right = right.map_or_else(|| "more than any amount may be".to_owned(), |right| right.to_string());
        let detail = format!("CLBD says {}, and {name} with the booked entries comes to {right}", closing.amount);
        Err(differs("Bal/Amt", detail))
    }
}

/// Which balance it is, of those that are compared.
enum Code {
    Opening,
    Before,
    Closing,
}

/// The code that the cursor stands in; none of a balance within a statement, or one that is not compared.
fn balance_code(cursor: &mut Cursor<'_>) -> Read<Option<Code>> {
    let (mut code, mut is_within) = (None, false);
    while let Some(name) = cursor.child()? {
        match name {
            "CdOrPrtry" => {
                while let Some(name) = cursor.child()? {
                    match name {
                        "Cd" => once(&mut code, cursor.text(name)?, name)?,
                        _ => cursor.skip()?,
                    }
                }
            }
            // The first version.
            "Cd" => once(&mut code, cursor.text(name)?, name)?,
            _ => {
                is_within |= name == "SubTp";
                cursor.skip()?;
            }
        }
    }
    Ok(match code.as_deref() {
        _ if is_within => None,
        Some("OPBD") => Some(Code::Opening),
        Some("PRCD") => Some(Code::Before),
        Some("CLBD") => Some(Code::Closing),
        _ => None,
    })
}
