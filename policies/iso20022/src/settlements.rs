//! Payments between banks, and their returns: pacs.008, pacs.003 and pacs.004.

use tallygate_policy::totals::Total;

use crate::cursor::Cursor;
use crate::errors::{missing, once, there, within};
use crate::fields::{Money, When, account, money, when};
use crate::header::Header;
use crate::mapping::{Account, Settlements};
use crate::reading::{Place, Read, Reading, Text};
use crate::settings::Settings;

/// Messages whose names begin so are direct debits: of ISO 20022, and of what came before it.
const DIRECT_DEBITS: [&str; 3] = ["pacs.003", "MT104", "MT107"];

/// A payment, or the return of one.
#[derive(Default)]
struct Payment<'a> {
    /// By their order in the mapping.
    ids: [Option<Text<'a>>; 4],
    day: Option<When>,
    amount: Option<Money<'a>>,
    account: Option<Text<'a>>,
    original: Original<'a>,
}

/// What a return says of the payment that is returned.
#[derive(Default)]
struct Original<'a> {
    message: Option<Text<'a>>,
    is_there: Option<()>,
    /// Something that only direct debits have.
    is_collected: bool,
    account: Option<Text<'a>>,
}

/// Reads the message that the cursor stands in.
pub(crate) fn read(cursor: &mut Cursor<'_>, mapping: &Settlements, reading: &mut Reading<'_>) -> Read<()> {
    let (mut header, mut total, mut original) = (None, Total::default(), None);
    while let Some(name) = cursor.child()? {
        match name {
            "GrpHdr" => {
                let read = Header::read(cursor, reading.settings, Some(mapping)).map_err(|error| error.within(name))?;
                reading.expect(read.stated.count.unwrap_or_default());
                once(&mut header, read, name)?;
            }
            "OrgnlGrpInf" => once(&mut original, message_name(cursor).map_err(|error| error.within(name))?, name)?,
            _ if name == mapping.transaction => {
                let header: &Header<'_> = header.as_ref().ok_or_else(|| missing("GrpHdr"))?;
                let place = Place { block: 0, transaction: total.count() as usize };
                Payment::read(cursor, mapping, reading.settings, original.as_deref())
                    .and_then(|payment| {
                        total.add(payment.amount.as_ref().ok_or_else(|| missing(mapping.amount))?.amount);
                        payment.push(mapping, reading, header, original.as_deref(), place)
                    })
                    .map_err(|error| within(error, name, place.transaction))?;
            }
            _ => cursor.skip()?,
        }
    }
    let header = there(header, "GrpHdr")?;
    if total.count() == 0 {
        return Err(missing(mapping.transaction));
    }
    let compared = reading.settings.compared;
    let stated = header.stated.check(&total, compared).and_then(|()| header.check_settled(&total, mapping, compared));
    stated.map_err(|error| error.within("GrpHdr"))
}

impl<'a> Payment<'a> {
    /// Reads it; of a return, `original` says what the messages were that all its payments came in, if it does.
    fn read(cursor: &mut Cursor<'a>, mapping: &Settlements, settings: &Settings, original: Option<&str>) -> Read<Self> {
        let mut payment = Self::default();
        let (its_account, is_return) = match mapping.account {
            Account::In(name) => (name, false),
            Account::OfOriginal => ("", true),
        };
        while let Some(name) = cursor.child()? {
            match name {
                "PmtId" if !is_return => {
                    while let Some(id) = cursor.child()? {
                        payment.take_id(cursor, mapping, id).map_err(|error| error.within(name))?;
                    }
                }
                "IntrBkSttlmDt" => once(&mut payment.day, when(cursor, name)?, name)?,
                "OrgnlGrpInf" if is_return => {
                    let message = message_name(cursor).map_err(|error| error.within(name))?;
                    once(&mut payment.original.message, message, name)?;
                }
                "OrgnlTxRef" if is_return => {
                    once(&mut payment.original.is_there, (), name)?;
                    payment.original.read(cursor, original).map_err(|error| error.within(name))?;
                }
                _ if name == mapping.amount => {
                    once(&mut payment.amount, money(cursor, &settings.currencies, name)?, name)?;
                }
                _ if name == its_account => once(&mut payment.account, account(cursor, name)?, name)?,
                _ if is_return => payment.take_id(cursor, mapping, name)?,
                _ => cursor.skip()?,
            }
        }
        Ok(payment)
    }

    /// Reads the element if it is one of the ids, and passes over any other.
    fn take_id(&mut self, cursor: &mut Cursor<'a>, mapping: &Settlements, name: &str) -> Read<()> {
        let place = mapping.ids.iter().position(|id| *id == name).and_then(|index| self.ids.get_mut(index));
        match place {
            Some(place) => once(place, cursor.text(name)?, name),
            None => cursor.skip(),
        }
    }

    /// Gives the payment to what is read, once all that it needs is there.
    fn push(
        self,
        mapping: &Settlements,
        reading: &mut Reading<'_>,
        header: &Header<'_>,
        original: Option<&str>,
        place: Place,
    ) -> Read<()> {
        let is_return = mapping.account == Account::OfOriginal;
        let first = mapping.ids.first().copied().unwrap_or_default();
        let id_path = if is_return { first.to_owned() } else { ["PmtId/", first].concat() };
        let id = there(self.ids.into_iter().flatten().next(), &id_path)?;
        let money = there(self.amount, mapping.amount)?;
        header.check_currency(&money, mapping.amount)?;
        let day = header.day_of(self.day)?;
        let account = match mapping.account {
            Account::In(name) => there(self.account, name)?,
            Account::OfOriginal => {
                let name = self.original.account_name(original);
                there(self.original.account, name).map_err(|error| error.within("OrgnlTxRef"))?
            }
        };
        reading.push(place, &[&header.message_id, &id], &account, &day, &money, is_return);
        Ok(())
    }
}

impl<'a> Original<'a> {
    /// Reads what is repeated of the payment that is returned. Which account it counted into is known once one comes.
    fn read(&mut self, cursor: &mut Cursor<'a>, of_all: Option<&str>) -> Read<()> {
        while let Some(name) = cursor.child()? {
            if name == self.account_name(of_all) {
                once(&mut self.account, account(cursor, name)?, name)?;
                continue;
            }
            self.is_collected |= matches!(name, "ReqdColltnDt" | "CdtrSchmeId");
            cursor.skip()?;
        }
        Ok(())
    }

    /// The account that the payment counted into: the debtor's of a direct debit, and the creditor's of any other.
    fn account_name(&self, of_all: Option<&str>) -> &'static str {
        let is_direct_debit = match self.message.as_deref().or(of_all) {
            Some(message) => DIRECT_DEBITS.iter().any(|name| message.starts_with(name)),
            None => self.is_collected,
        };
        if is_direct_debit { "DbtrAcct" } else { "CdtrAcct" }
    }
}

/// Of which kind the message was that is returned, or of which a payment is returned.
fn message_name<'a>(cursor: &mut Cursor<'a>) -> Read<Text<'a>> {
    let mut message = None;
    while let Some(name) = cursor.child()? {
        match name {
            "OrgnlMsgNmId" => once(&mut message, cursor.text(name)?, name)?,
            _ => cursor.skip()?,
        }
    }
    there(message, "OrgnlMsgNmId")
}
