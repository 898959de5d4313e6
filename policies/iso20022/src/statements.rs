//! Entries of accounts that a bank tells of: camt.052, camt.053 and camt.054.
//!
//! The same entry may be told of in several messages, and counts once: its id is made of what is the same in all of them, the
//! account, the bank's reference, the day and the amount. An entry without a reference is known only within its own
//! statement.

use tallygate_policy::xml::FieldError;

use crate::cursor::Cursor;
use crate::errors::{missing, once, there, within};
use crate::fields::{Money, When, account, money, when};
use crate::mapping::Statements;
use crate::reading::{Place, Read, Reading, Text};
use crate::settings::Settings;
use crate::summary::{Balances, Entries, Summary};

/// What stands in the place of a reference where there is none.
const NO_REFERENCE: [&str; 2] = ["NONREF", "NOTPROVIDED"];

/// An account's statement, as far as it stands before its entries.
#[derive(Default)]
struct Statement<'a> {
    id: Option<Text<'a>>,
    account: Option<Text<'a>>,
    page: Option<Page<'a>>,
    summary: Option<Summary>,
    balances: Balances,
    entries: Entries,
    count: usize,
}

/// Which part of a statement it is.
#[derive(Clone)]
struct Page<'a> {
    number: Text<'a>,
    is_last: bool,
}

/// An entry.
struct Entry<'a> {
    money: Money<'a>,
    is_debit: bool,
    is_booked: bool,
    booked: Option<When>,
    valued: Option<When>,
    reference: Option<Text<'a>>,
    own_reference: Option<Text<'a>>,
}

/// Reads the message that the cursor stands in.
pub(crate) fn read(cursor: &mut Cursor<'_>, mapping: &Statements, reading: &mut Reading<'_>) -> Read<()> {
    let (mut header, mut statements) = (None::<Option<Page<'_>>>, 0);
    while let Some(name) = cursor.child()? {
        match name {
            "GrpHdr" => once(&mut header, message_page(cursor).map_err(|error| error.within(name))?, name)?,
            _ if name == mapping.statement => {
                let page = header.as_ref().ok_or_else(|| missing("GrpHdr"))?;
                let read = Statement::read(cursor, mapping, reading, page.as_ref(), statements);
                read.map_err(|error| within(error, name, statements))?;
                statements += 1;
            }
            _ => cursor.skip()?,
        }
    }
    there(header, "GrpHdr")?;
    if statements == 0 {
        return Err(missing(mapping.statement));
    }
    Ok(())
}

/// Reads the header, and returns which page of several messages this is.
fn message_page<'a>(cursor: &mut Cursor<'a>) -> Read<Option<Page<'a>>> {
    let mut page = None;
    while let Some(name) = cursor.child()? {
        match name {
            "MsgPgntn" => once(&mut page, Page::read(cursor).map_err(|error| error.within(name))?, name)?,
            _ => cursor.skip()?,
        }
    }
    Ok(page)
}

impl<'a> Page<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Read<Self> {
        let (mut number, mut is_last) = (None, None);
        while let Some(name) = cursor.child()? {
            match name {
                "PgNb" => once(&mut number, cursor.text(name)?, name)?,
                "LastPgInd" => {
                    let read = match &*cursor.text(name)? {
                        "true" | "1" => true,
                        "false" | "0" => false,
                        _ => return Err(FieldError::wrong(name, "it would be true or false")),
                    };
                    once(&mut is_last, read, name)?;
                }
                _ => cursor.skip()?,
            }
        }
        Ok(Self { number: there(number, "PgNb")?, is_last: there(is_last, "LastPgInd")? })
    }

    fn is_first(&self) -> bool {
        matches!(self.number.trim_start_matches('0'), "1" | "")
    }
}

impl<'a> Statement<'a> {
    fn read(
        cursor: &mut Cursor<'a>,
        mapping: &Statements,
        reading: &mut Reading<'_>,
        message_page: Option<&Page<'a>>,
        index: usize,
    ) -> Read<()> {
        let mut statement = Self::default();
        let currencies = &reading.settings.currencies;
        while let Some(name) = cursor.child()? {
            match name {
                "Id" => once(&mut statement.id, cursor.text(name)?, name)?,
                "Acct" => once(&mut statement.account, account(cursor, name)?, name)?,
                "Bal" if mapping.balances => {
                    statement.balances.take(cursor, currencies).map_err(|error| error.within(name))?;
                }
                "TxsSummry" => {
                    let summary = Summary::read(cursor).map_err(|error| error.within(name))?;
                    once(&mut statement.summary, summary, name)?;
                }
                "Ntry" => {
                    let place = Place { block: index, transaction: statement.count };
                    let read = Entry::read(cursor, reading.settings);
                    let read = read.and_then(|entry| statement.push(&entry, message_page, reading, place));
                    read.map_err(|error| within(error, name, statement.count))?;
                    statement.count += 1;
                }
                _ if name == mapping.pagination => {
                    let page = Page::read(cursor).map_err(|error| error.within(name))?;
                    once(&mut statement.page, page, name)?;
                }
                _ => cursor.skip()?,
            }
        }
        there(statement.id.as_ref(), "Id")?;
        there(statement.account.as_ref(), "Acct")?;
        statement.check(message_page, reading.settings)
    }

    /// Gives the entry to what is read, if it is booked.
    fn push(
        &mut self,
        entry: &Entry<'_>,
        message_page: Option<&Page<'_>>,
        reading: &mut Reading<'_>,
        place: Place,
    ) -> Read<()> {
        // An account that is missing is an error of the statement, whatever its entries are.
        let (Some(id), Some(account)) = (&self.id, &self.account) else { return Ok(()) };
        self.entries.add(entry.money.amount, entry.money.currency, entry.is_debit, entry.is_booked);
        if !entry.is_booked {
            return Ok(());
        }
        let day = entry.booked.as_ref().or(entry.valued.as_ref()).ok_or_else(|| missing("BookgDt"))?;
        let money = &entry.money;
        let reference = entry.reference.as_deref().filter(|reference| !NO_REFERENCE.contains(reference));
        if let Some(reference) = reference {
            let sign = if entry.is_debit { "-" } else { "" };
            let amount = [sign, &money.shortest(), money.currency.code()].concat();
            reading.push(place, &[account, reference, &day.day, &amount], account, day, money, entry.is_debit);
            return Ok(());
        }
        let own = entry.own_reference.as_deref().unwrap_or_default();
        match self.page.as_ref().or(message_page).filter(|page| !page.is_first()) {
            None => reading.push(place, &[account, id, own], account, day, money, entry.is_debit),
            Some(page) => {
                let page = ["p", &page.number].concat();
                reading.push(place, &[account, id, &page, own], account, day, money, entry.is_debit);
            }
        }
        Ok(())
    }

    /// Compares what the statement says of its entries with them, if all of them are in it.
    fn check(&self, message_page: Option<&Page<'_>>, settings: &Settings) -> Read<()> {
        let is_whole = |page: &Page<'_>| page.is_first() && page.is_last;
        if !self.page.iter().chain(message_page).all(is_whole) {
            return Ok(());
        }
        if let Some(summary) = &self.summary
            && settings.compared.summaries
        {
            summary.check(&self.entries).map_err(|error| error.within("TxsSummry"))?;
        }
        if settings.compared.balances { self.balances.check(&self.entries) } else { Ok(()) }
    }
}

impl<'a> Entry<'a> {
    fn read(cursor: &mut Cursor<'a>, settings: &Settings) -> Read<Self> {
        let (mut amount, mut is_debit, mut is_booked, mut booked, mut valued) = (None, None, None, None, None);
        let (mut reference, mut own_reference) = (None, None);
        while let Some(name) = cursor.child()? {
            match name {
                "NtryRef" => once(&mut own_reference, cursor.text(name)?, name)?,
                "Amt" => once(&mut amount, money(cursor, &settings.currencies, name)?, name)?,
                "CdtDbtInd" => once(&mut is_debit, direction(cursor, name)?, name)?,
                "Sts" => once(&mut is_booked, is_booked_by(cursor)?, name)?,
                "BookgDt" => once(&mut booked, when(cursor, name)?, name)?,
                "ValDt" => once(&mut valued, when(cursor, name)?, name)?,
                "AcctSvcrRef" => once(&mut reference, cursor.text(name)?, name)?,
                _ => cursor.skip()?,
            }
        }
        Ok(Self {
            money: there(amount, "Amt")?,
            is_debit: there(is_debit, "CdtDbtInd")?,
            is_booked: there(is_booked, "Sts")?,
            booked,
            valued,
            reference,
            own_reference,
        })
    }
}

/// Whether a `CdtDbtInd` says debit. `RvslInd` turns it in no way round: the reversal of a debit is a credit already.
pub(crate) fn direction(cursor: &mut Cursor<'_>, name: &str) -> Read<bool> {
    match &*cursor.text(name)? {
        "DBIT" => Ok(true),
        "CRDT" => Ok(false),
        _ => Err(FieldError::wrong(name, "it would be CRDT or DBIT")),
    }
}

/// Whether a status says booked: a code, which is in an element of its own from the seventh version on.
fn is_booked_by(cursor: &mut Cursor<'_>) -> Read<bool> {
    if !cursor.child_follows()? {
        return is_booked_code(cursor, "Sts");
    }
    let mut is_booked = None;
    while let Some(name) = cursor.child()? {
        let read = match name {
            "Cd" => is_booked_code(cursor, "Sts/Cd")?,
            "Prtry" => cursor.text("Sts/Prtry").map(|_| false)?,
            _ => {
                cursor.skip()?;
                continue;
            }
        };
        once(&mut is_booked, read, "Sts/Cd")?;
    }
    there(is_booked, "Sts/Cd")
}

fn is_booked_code(cursor: &mut Cursor<'_>, path: &str) -> Read<bool> {
    match &*cursor.text(path)? {
        "BOOK" => Ok(true),
        "PDNG" | "INFO" | "FUTR" => Ok(false),
        _ => Err(FieldError::wrong(path, "it would be BOOK, PDNG, INFO or FUTR")),
    }
}
