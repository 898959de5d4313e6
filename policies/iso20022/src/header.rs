//! The header of a message with payments, `GrpHdr`, and the totals that it and blocks of payments state.

use std::borrow::Cow;

use tallygate_policy::currency::Currency;
use tallygate_policy::decimal::Decimal;
use tallygate_policy::totals::{Total, differs};
use tallygate_policy::xml::FieldError;

use crate::cursor::Cursor;
use crate::errors::{missing, once, there};
use crate::fields::{Money, When, count, figure, money, when};
use crate::mapping::Settlements;
use crate::reading::{Read, Text};
use crate::settings::{Compared, Settings};

/// What `GrpHdr` says.
pub(crate) struct Header<'a> {
    pub(crate) message_id: Text<'a>,
    pub(crate) stated: Stated,
    /// Of payments between banks, the day of all of them.
    pub(crate) day: Option<When>,
    /// Of payments between banks, what they add up to in their currency.
    pub(crate) settled: Option<(Decimal, Currency)>,
}

/// What a header or a block says of its payments.
#[derive(Default)]
pub(crate) struct Stated {
    pub(crate) count: Option<u64>,
    pub(crate) sum: Option<Decimal>,
}

impl<'a> Header<'a> {
    /// Reads the header that the cursor stands in; of payments between banks, what their mapping says too.
    pub(crate) fn read(
        cursor: &mut Cursor<'a>,
        settings: &Settings,
        between_banks: Option<&Settlements>,
    ) -> Read<Self> {
        let (mut message_id, mut stated, mut day, mut settled) = (None, Stated::default(), None, None);
        let total = between_banks.map_or("", |mapping| mapping.total);
        while let Some(name) = cursor.child()? {
            match name {
                "MsgId" => once(&mut message_id, cursor.text(name)?, name)?,
                "IntrBkSttlmDt" if between_banks.is_some() => once(&mut day, when(cursor, name)?, name)?,
                _ if name == total => {
                    let money = money(cursor, &settings.currencies, name)?;
                    once(&mut settled, (money.amount, money.currency), name)?;
                }
                _ if stated.take(cursor, name)? => {}
                _ => cursor.skip()?,
            }
        }
        there(stated.count, "NbOfTxs")?;
        Ok(Self { message_id: there(message_id, "MsgId")?, stated, day, settled })
    }

    /// The day of a payment: its own, or that of all; both may be there if they are the same.
    pub(crate) fn day_of(&self, own: Option<When>) -> Read<Cow<'_, When>> {
        match (own, &self.day) {
            (Some(own), Some(of_all)) if own.day != of_all.day => {
                let detail = format!("it is {}, and that in GrpHdr is {}", own.day, of_all.day);
                Err(FieldError::wrong("IntrBkSttlmDt", detail))
            }
            (Some(own), _) => Ok(Cow::Owned(own)),
            (None, Some(of_all)) => Ok(Cow::Borrowed(of_all)),
            (None, None) => Err(missing("IntrBkSttlmDt")),
        }
    }

    /// Checks that a payment is in the currency of the sum that is stated of all.
    pub(crate) fn check_currency(&self, money: &Money<'_>, path: &str) -> Read<()> {
        match self.settled {
            Some((_, right)) if right != money.currency => {
                let detail = format!("it is {}, and the sum in GrpHdr is in {}", money.currency.code(), right.code());
                Err(differs("@Ccy", detail).within(path))
            }
            _ => Ok(()),
        }
    }

    /// Compares the sum that is stated of all with what they add up to.
    pub(crate) fn check_settled(&self, total: &Total, mapping: &Settlements, compared: Compared) -> Read<()> {
        match self.settled {
            Some((stated, _)) if compared.settlements => total.check_sum(mapping.total, stated),
            _ => Ok(()),
        }
    }
}

impl Stated {
    /// Reads `NbOfTxs` or `CtrlSum`, if the element is one of them.
    pub(crate) fn take(&mut self, cursor: &mut Cursor<'_>, name: &str) -> Read<bool> {
        match name {
            "NbOfTxs" => {
                let text = cursor.text(name)?;
                once(&mut self.count, count(&text, name)?, name)?;
            }
            "CtrlSum" => {
                let text = cursor.text(name)?;
                once(&mut self.sum, figure(&text, name)?, name)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Compares it with what there is.
    pub(crate) fn check(&self, total: &Total, compared: Compared) -> Read<()> {
        if let Some(count) = self.count
            && compared.counts
        {
            total.check_count("NbOfTxs", count)?;
        }
        match self.sum {
            Some(sum) if compared.sums => total.check_sum("CtrlSum", sum),
            _ => Ok(()),
        }
    }
}
