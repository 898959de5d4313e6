//! Where everything stands in a Cross Industry Invoice of the United Nations.

use std::borrow::Cow;

use tallygate_policy::ConfigFault;
use tallygate_policy::date::{self, Date, UtcOffset};
use tallygate_policy::decimal::Format;
use tallygate_policy::scan;
use tallygate_policy::xml::{Field, FieldError, Paths, Reader};

use crate::amounts::{InCurrencies, Parts, indicator, missing, once, unreadable, wrong_amount};
use crate::invoice::Invoice;
use crate::namespaces::{CII, RAM, UDT};
use crate::origin::{Places, Syntax};
use crate::totals::{Fields, PartsOfTotals, Tax, Totals};

const NAMESPACES: &[(&str, &str)] = &[("rsm", CII), ("ram", RAM), ("udt", UDT)];

macro_rules! transaction {
    ($($path:tt)*) => { concat!("rsm:SupplyChainTradeTransaction", $($path)*) };
}
macro_rules! seller {
    ($path:literal) => {
        transaction!("/ram:ApplicableHeaderTradeAgreement/ram:SellerTradeParty", $path)
    };
}
macro_rules! settlement {
    ($($path:tt)*) => { transaction!("/ram:ApplicableHeaderTradeSettlement", $($path)*) };
}
macro_rules! total {
    ($path:literal) => {
        settlement!("/ram:SpecifiedTradeSettlementHeaderMonetarySummation", $path)
    };
}

/// What stands once at most in the document, beside its totals.
const DOCUMENT: [&str; 8] = [
    "rsm:ExchangedDocumentContext/ram:GuidelineSpecifiedDocumentContextParameter/ram:ID",
    PLACES.number,
    PLACES.issued,
    "rsm:ExchangedDocument/ram:IssueDateTime/udt:DateTimeString/@format",
    "rsm:ExchangedDocument/ram:TypeCode",
    PLACES.currency,
    settlement!("/ram:TaxCurrencyCode"),
    PLACES.address,
];

/// Where what becomes of the transaction stands.
pub(crate) const PLACES: Places = Places {
    number: "rsm:ExchangedDocument/ram:ID",
    issued: "rsm:ExchangedDocument/ram:IssueDateTime/udt:DateTimeString",
    vat: seller!("/ram:SpecifiedTaxRegistration/ram:ID"),
    address: seller!("/ram:URIUniversalCommunication/ram:URIID"),
    amount: total!("/ram:GrandTotalAmount"),
    currency: settlement!("/ram:InvoiceCurrencyCode"),
};

/// The seller has a number for each kind of registration; the one of VAT, `VA`, counts.
const SELLER: &str = seller!("");
const REGISTRATION: [&str; 2] = ["ram:ID", "ram:ID/@schemeID"];

/// The totals, and their currencies, which few say.
const SUMMATION: &str = total!("");
const TOTAL: [&str; 16] = [
    "ram:LineTotalAmount",
    "ram:AllowanceTotalAmount",
    "ram:ChargeTotalAmount",
    "ram:TaxBasisTotalAmount",
    "ram:GrandTotalAmount",
    "ram:TotalPrepaidAmount",
    "ram:RoundingAmount",
    "ram:DuePayableAmount",
    "ram:LineTotalAmount/@currencyID",
    "ram:AllowanceTotalAmount/@currencyID",
    "ram:ChargeTotalAmount/@currencyID",
    "ram:TaxBasisTotalAmount/@currencyID",
    "ram:GrandTotalAmount/@currencyID",
    "ram:TotalPrepaidAmount/@currencyID",
    "ram:RoundingAmount/@currencyID",
    "ram:DuePayableAmount/@currencyID",
];
const TAX: &str = total!("/ram:TaxTotalAmount");

/// What totals are made of: in a line, an allowance or charge, a charge for logistics, a category of VAT.
const TRANSACTION: &str = transaction!("");
const SETTLEMENT: &str = settlement!("");
const LINE: [&str; 3] = [
    "ram:SpecifiedLineTradeSettlement/ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount",
    "ram:SpecifiedLineTradeSettlement/ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount/@currencyID",
    "ram:AssociatedDocumentLineDocument/ram:LineStatusReasonCode",
];
const ALLOWANCE: [&str; 3] = ["ram:ActualAmount", "ram:ActualAmount/@currencyID", "ram:ChargeIndicator/udt:Indicator"];
const LOGISTICS: [&str; 2] = ["ram:AppliedAmount", "ram:AppliedAmount/@currencyID"];
const CATEGORY: [&str; 2] = ["ram:CalculatedAmount", "ram:CalculatedAmount/@currencyID"];

/// The paths, made once.
pub(crate) struct Cii {
    document: Paths<8>,
    registration: Paths<2>,
    total: Paths<16>,
    line: Paths<3>,
    allowance: Paths<3>,
    logistics: Paths<2>,
    category: Paths<2>,
}

/// The lists of a document, as far as they were read.
struct Lists<'p> {
    parts: PartsOfTotals<'p>,
    by_category: Parts,
    currencies: InCurrencies,
    lines: usize,
    allowances: usize,
    logistics: usize,
    categories: usize,
}

impl Lists<'_> {
    fn new() -> Self {
        let (parts, by_category) = (PartsOfTotals::default(), Parts::default());
        let currencies = InCurrencies::of(Syntax::Cii);
        Self { parts, by_category, currencies, lines: 0, allowances: 0, logistics: 0, categories: 0 }
    }
}

impl Cii {
    pub(crate) fn new() -> Result<Self, ConfigFault> {
        Ok(Self {
            document: Paths::new(NAMESPACES, DOCUMENT)?,
            registration: Paths::new(NAMESPACES, REGISTRATION)?.within(seller!("/ram:SpecifiedTaxRegistration")),
            total: Paths::new(NAMESPACES, TOTAL)?.within(SUMMATION),
            line: Paths::new(NAMESPACES, LINE)?,
            allowance: Paths::new(NAMESPACES, ALLOWANCE)?,
            logistics: Paths::new(NAMESPACES, LOGISTICS)?,
            category: Paths::new(NAMESPACES, CATEGORY)?,
        })
    }

    /// Reads the document whose root the reader has entered.
    pub(crate) fn read<'p, 'a>(&'p self, reader: &mut Reader<'a>) -> Result<Invoice<'p, 'a>, FieldError> {
        let (mut total, mut vat) = (None, None);
        let mut lists = Lists::new();
        let [claim, number, issued, format, type_code, currency, tax_currency, address] =
            self.document.read_with(reader, |element, within, reader| match (within, element.local) {
                _ if element.namespace != RAM => Ok(()),
                (TRANSACTION, "IncludedSupplyChainTradeLineItem") => self.line(reader, &mut lists),
                (SETTLEMENT, "SpecifiedTradeSettlementHeaderMonetarySummation") => {
                    once(&mut total, self.total(reader, &mut lists)?, SUMMATION)
                }
                (SETTLEMENT, "SpecifiedTradeAllowanceCharge") => self.allowance(reader, &mut lists),
                (SETTLEMENT, "SpecifiedLogisticsServiceCharge") => self.logistics(reader, &mut lists),
                (SETTLEMENT, "ApplicableTradeTax") => self.category(reader, &mut lists),
                (SELLER, "SpecifiedTaxRegistration") => {
                    let [id, scheme] = self.registration.read(reader)?;
                    if scan::trimmed(&scheme.optional().unwrap_or_default()) == "VA" {
                        once(&mut vat, id, PLACES.vat)?;
                    }
                    Ok(())
                }
                _ => Ok(()),
            })?;
        let Some(total) = total else { return Err(missing(SUMMATION)) };
        let Lists { mut parts, by_category, mut currencies, .. } = lists;
        let [amount, amount_currency] = [&total[4], &total[12]].map(Field::clone);
        let code = currency.clone().optional().unwrap_or_default();
        if parts.taxes.is_empty() {
            // Some leave the total of VAT out where there is none, or where it is that of the categories.
            parts.taxes.push(Tax::of(TAX, by_category.total.sum().unwrap_or_default(), None));
        } else if let Some(tax) = parts.taxes.iter_mut().find(|tax| tax.is_in(scan::trimmed(&code))) {
            tax.by_category = by_category;
        }
        Ok(Invoice {
            syntax: Syntax::Cii,
            claim,
            number,
            issued: (day(issued, format)?, UtcOffset::UTC),
            type_code,
            is_credit_note: None,
            vat,
            address,
            currency,
            amount_currency,
            tax_currency,
            amount,
            totals: Totals::read(total, parts, &mut currencies)?,
            currencies,
        })
    }

    /// Reads the totals, of which that of VAT may stand in two currencies.
    fn total<'p, 'a>(&'p self, reader: &mut Reader<'a>, lists: &mut Lists<'p>) -> Result<Fields<'p, 'a>, FieldError> {
        self.total.read_with(reader, |element, _, reader| {
            if (element.namespace, element.local) == (RAM, "TaxTotalAmount") {
                let currency = reader.attribute("currencyID").map(|code| scan::trimmed(code).to_owned());
                let text = reader.text().map_err(|error| unreadable(TAX, error))?;
                let amount = Format::XSD.parse(&text).map_err(|error| wrong_amount(TAX, error.to_string()))?;
                lists.parts.taxes.push(Tax::of(TAX, amount, currency));
            }
            Ok(())
        })
    }

    fn line(&self, reader: &mut Reader<'_>, lists: &mut Lists<'_>) -> Result<(), FieldError> {
        lists.lines += 1;
        let number = lists.lines;
        let place = || format!(transaction!("/ram:IncludedSupplyChainTradeLineItem[{}]"), number);
        let [amount, currency, status] = self.line.read(reader).map_err(|error| error.within(&place()))?;
        // The amounts of groups are those of the lines in them, and information costs nothing.
        let status = status.optional().unwrap_or(Cow::Borrowed(""));
        if matches!(scan::trimmed(&status), "GROUP" | "INFORMATION") {
            return Ok(());
        }
        lists.parts.lines.read(amount, currency, &mut lists.currencies, place)
    }

    fn allowance(&self, reader: &mut Reader<'_>, lists: &mut Lists<'_>) -> Result<(), FieldError> {
        lists.allowances += 1;
        let number = lists.allowances;
        let place = || format!(settlement!("/ram:SpecifiedTradeAllowanceCharge[{}]"), number);
        let [amount, currency, is_charge] = self.allowance.read(reader).map_err(|error| error.within(&place()))?;
        let is_charge = indicator(is_charge).map_err(|error| error.within(&place()))?;
        let kind = if is_charge { &mut lists.parts.charges } else { &mut lists.parts.allowances };
        kind.read(amount, currency, &mut lists.currencies, place)
    }

    fn logistics(&self, reader: &mut Reader<'_>, lists: &mut Lists<'_>) -> Result<(), FieldError> {
        lists.logistics += 1;
        let number = lists.logistics;
        let place = || format!(settlement!("/ram:SpecifiedLogisticsServiceCharge[{}]"), number);
        let [amount, currency] = self.logistics.read(reader).map_err(|error| error.within(&place()))?;
        lists.parts.charges.read(amount, currency, &mut lists.currencies, place)
    }

    fn category(&self, reader: &mut Reader<'_>, lists: &mut Lists<'_>) -> Result<(), FieldError> {
        lists.categories += 1;
        let number = lists.categories;
        let place = || format!(settlement!("/ram:ApplicableTradeTax[{}]"), number);
        let [amount, currency] = self.category.read(reader).map_err(|error| error.within(&place()))?;
        lists.by_category.read(amount, currency, &mut lists.currencies, place)
    }
}

/// The day in the format 102, the only one that EN 16931 knows.
fn day(issued: Field<'_, '_>, format: Field<'_, '_>) -> Result<Date, FieldError> {
    if issued.clone().optional().is_some() {
        format.checked(|format| scan::trimmed(format) == "102", "102, which is a day such as 20261122")?;
    }
    issued.read(|text| date::parse_compact(scan::trimmed(text)))
}
