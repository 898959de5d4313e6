//! Payments that a customer asks its bank for: pain.001 and pain.008.

use tallygate_policy::totals::Total;

use crate::cursor::Cursor;
use crate::errors::{missing, once, there, within};
use crate::fields::{Money, When, account, money, when};
use crate::header::{Header, Stated};
use crate::mapping::Initiation;
use crate::reading::{Place, Read, Reading, Text};
use crate::settings::Settings;

const BLOCK: &str = "PmtInf";

/// A block, as far as it stands before its payments.
#[derive(Default)]
struct Block<'a> {
    id: Option<Text<'a>>,
    day: Option<When>,
    account: Option<Text<'a>>,
    stated: Stated,
}

/// Reads the message that the cursor stands in.
pub(crate) fn read(cursor: &mut Cursor<'_>, mapping: &Initiation, reading: &mut Reading<'_>) -> Read<()> {
    let (mut header, mut total, mut blocks) = (None, Total::default(), 0);
    while let Some(name) = cursor.child()? {
        match name {
            "GrpHdr" => {
                let read = Header::read(cursor, reading.settings, None).map_err(|error| error.within(name))?;
                reading.expect(read.stated.count.unwrap_or_default());
                once(&mut header, read, name)?;
            }
            BLOCK => {
                let header = header.as_ref().ok_or_else(|| missing("GrpHdr"))?;
                let read = block(cursor, mapping, reading, header, blocks);
                total.merge(read.map_err(|error| within(error, BLOCK, blocks))?);
                blocks += 1;
            }
            _ => cursor.skip()?,
        }
    }
    let header = there(header, "GrpHdr")?;
    if blocks == 0 {
        return Err(missing(BLOCK));
    }
    header.stated.check(&total, reading.settings.compared).map_err(|error| error.within("GrpHdr"))
}

/// Reads a block, and returns what its payments add up to.
fn block<'a>(
    cursor: &mut Cursor<'a>,
    mapping: &Initiation,
    reading: &mut Reading<'_>,
    header: &Header<'a>,
    index: usize,
) -> Read<Total> {
    let (mut block, mut total) = (Block::default(), Total::default());
    while let Some(name) = cursor.child()? {
        match name {
            "PmtInfId" => once(&mut block.id, cursor.text(name)?, name)?,
            _ if name == mapping.transaction => {
                let place = Place { block: index, transaction: total.count() as usize };
                let read = payment(cursor, mapping, reading.settings);
                let (end_to_end_id, money) = read.map_err(|error| within(error, name, place.transaction))?;
                let id = [&*header.message_id, block.id(reading)?, &end_to_end_id];
                let day = block.day.as_ref().ok_or_else(|| missing(mapping.day))?;
                let account = block.account.as_ref().ok_or_else(|| missing(mapping.account))?;
                total.add(money.amount);
                reading.push(place, &id, account, day, &money, false);
            }
            _ if name == mapping.day => once(&mut block.day, when(cursor, name)?, name)?,
            _ if name == mapping.account => once(&mut block.account, account(cursor, name)?, name)?,
            _ if block.stated.take(cursor, name)? => {}
            _ => cursor.skip()?,
        }
    }
    if total.count() == 0 {
        return Err(missing(mapping.transaction));
    }
    block.stated.check(&total, reading.settings.compared)?;
    Ok(total)
}

impl Block<'_> {
    /// Its id, which only the first versions may leave out.
    fn id(&self, reading: &Reading<'_>) -> Read<&str> {
        match &self.id {
            Some(id) => Ok(id),
            None if reading.identity.is_of_the_first() => Ok(""),
            None => Err(missing("PmtInfId")),
        }
    }
}

/// Reads a payment: its `EndToEndId`, and its amount.
fn payment<'a>(cursor: &mut Cursor<'a>, mapping: &Initiation, settings: &Settings) -> Read<(Text<'a>, Money<'a>)> {
    let (mut id, mut amount) = (None, None);
    while let Some(name) = cursor.child()? {
        match name {
            "PmtId" => once(&mut id, end_to_end_id(cursor).map_err(|error| error.within(name))?, name)?,
            "Amt" if mapping.is_choice => {
                once(&mut amount, chosen(cursor, settings).map_err(|error| error.within(name))?, name)?;
            }
            "InstdAmt" if !mapping.is_choice => once(&mut amount, money(cursor, &settings.currencies, name)?, name)?,
            _ => cursor.skip()?,
        }
    }
    let path = if mapping.is_choice { "Amt" } else { "InstdAmt" };
    Ok((there(id, "PmtId/EndToEndId")?, there(amount, path)?))
}

fn end_to_end_id<'a>(cursor: &mut Cursor<'a>) -> Read<Text<'a>> {
    let mut id = None;
    while let Some(name) = cursor.child()? {
        match name {
            "EndToEndId" => once(&mut id, cursor.text(name)?, name)?,
            _ => cursor.skip()?,
        }
    }
    there(id, "EndToEndId")
}

/// The instructed amount, or one in another currency that it is worth.
fn chosen<'a>(cursor: &mut Cursor<'a>, settings: &Settings) -> Read<Money<'a>> {
    let mut amount = None;
    while let Some(name) = cursor.child()? {
        match name {
            "InstdAmt" => once(&mut amount, money(cursor, &settings.currencies, name)?, name)?,
            "EqvtAmt" => {
                let equivalent = equivalent(cursor, settings).map_err(|error| error.within(name))?;
                once(&mut amount, equivalent, name)?;
            }
            _ => cursor.skip()?,
        }
    }
    there(amount, "InstdAmt")
}

fn equivalent<'a>(cursor: &mut Cursor<'a>, settings: &Settings) -> Read<Money<'a>> {
    let mut amount = None;
    while let Some(name) = cursor.child()? {
        match name {
            "Amt" => once(&mut amount, money(cursor, &settings.currencies, name)?, name)?,
            _ => cursor.skip()?,
        }
    }
    there(amount, "Amt")
}
