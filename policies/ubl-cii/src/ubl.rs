//! Where everything stands in an Invoice or CreditNote of UBL 2.

use tallygate_policy::ConfigFault;
use tallygate_policy::date::{self, UtcOffset};
use tallygate_policy::scan;
use tallygate_policy::xml::{Field, FieldError, Paths, Reader};

use crate::amounts::{InCurrencies, Parts, indicator, missing, once};
use crate::invoice::Invoice;
use crate::namespaces::{CAC, CBC};
use crate::origin::{Places, Syntax};
use crate::totals::{PartsOfTotals, Tax, Totals};

const NAMESPACES: &[(&str, &str)] = &[("cbc", CBC), ("cac", CAC)];

/// What stands once at most in the document, beside its totals.
const DOCUMENT: [&str; 8] = [
    "cbc:CustomizationID",
    PLACES.number,
    PLACES.issued,
    "cbc:InvoiceTypeCode",
    "cbc:CreditNoteTypeCode",
    "cbc:DocumentCurrencyCode",
    "cbc:TaxCurrencyCode",
    PLACES.address,
];

/// Where what becomes of the transaction stands.
pub(crate) const PLACES: Places = Places {
    number: "cbc:ID",
    issued: "cbc:IssueDate",
    vat: "cac:AccountingSupplierParty/cac:Party/cac:PartyTaxScheme/cbc:CompanyID",
    address: "cac:AccountingSupplierParty/cac:Party/cbc:EndpointID",
    amount: "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount",
    currency: "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount/@currencyID",
};

/// The seller has a number for each tax scheme; the one of VAT counts.
const SELLER: &str = "cac:AccountingSupplierParty/cac:Party";
const TAX_SCHEME: [&str; 2] = ["cbc:CompanyID", "cac:TaxScheme/cbc:ID"];

/// The totals, and their currencies.
const TOTALS: &str = "cac:LegalMonetaryTotal";
const TOTAL: [&str; 16] = [
    "cbc:LineExtensionAmount",
    "cbc:AllowanceTotalAmount",
    "cbc:ChargeTotalAmount",
    "cbc:TaxExclusiveAmount",
    "cbc:TaxInclusiveAmount",
    "cbc:PrepaidAmount",
    "cbc:PayableRoundingAmount",
    "cbc:PayableAmount",
    "cbc:LineExtensionAmount/@currencyID",
    "cbc:AllowanceTotalAmount/@currencyID",
    "cbc:ChargeTotalAmount/@currencyID",
    "cbc:TaxExclusiveAmount/@currencyID",
    "cbc:TaxInclusiveAmount/@currencyID",
    "cbc:PrepaidAmount/@currencyID",
    "cbc:PayableRoundingAmount/@currencyID",
    "cbc:PayableAmount/@currencyID",
];

/// What totals are made of: in a line, an allowance or charge, a tax and each category of it, a payment by somebody else.
/// The lines within a line, `cac:SubInvoiceLine`, are in its amount.
const LINE: [&str; 2] = ["cbc:LineExtensionAmount", "cbc:LineExtensionAmount/@currencyID"];
const ALLOWANCE: [&str; 3] = ["cbc:Amount", "cbc:Amount/@currencyID", "cbc:ChargeIndicator"];
const TAX: [&str; 2] = ["cbc:TaxAmount", "cbc:TaxAmount/@currencyID"];
const PREPAID: [&str; 2] = ["cbc:PaidAmount", "cbc:PaidAmount/@currencyID"];

/// The paths, made once.
pub(crate) struct Ubl {
    document: Paths<8>,
    tax_scheme: Paths<2>,
    total: Paths<16>,
    line: Paths<2>,
    allowance: Paths<3>,
    tax: Paths<2>,
    category: Paths<2>,
    prepaid: Paths<2>,
}

/// The lists of a document, as far as they were read.
struct Lists<'p> {
    parts: PartsOfTotals<'p>,
    currencies: InCurrencies,
    lines: usize,
    allowances: usize,
    payments: usize,
}

impl Lists<'_> {
    fn new() -> Self {
        let currencies = InCurrencies::of(Syntax::Ubl);
        Self { parts: PartsOfTotals::default(), currencies, lines: 0, allowances: 0, payments: 0 }
    }
}

impl Ubl {
    pub(crate) fn new() -> Result<Self, ConfigFault> {
        Ok(Self {
            document: Paths::new(NAMESPACES, DOCUMENT)?,
            tax_scheme: Paths::new(NAMESPACES, TAX_SCHEME)?.within(&[SELLER, "/cac:PartyTaxScheme"].concat()),
            total: Paths::new(NAMESPACES, TOTAL)?.within(TOTALS),
            line: Paths::new(NAMESPACES, LINE)?,
            allowance: Paths::new(NAMESPACES, ALLOWANCE)?,
            tax: Paths::new(NAMESPACES, TAX)?.within("cac:TaxTotal"),
            category: Paths::new(NAMESPACES, TAX)?,
            prepaid: Paths::new(NAMESPACES, PREPAID)?,
        })
    }

    /// Reads the document whose root the reader has entered.
    pub(crate) fn read<'p, 'a>(
        &'p self,
        reader: &mut Reader<'a>,
        is_credit_note: bool,
    ) -> Result<Invoice<'p, 'a>, FieldError> {
        let (mut total, mut vat) = (None, None);
        let mut lists = Lists::new();
        let [claim, number, issued, invoice_type, credit_note_type, currency, tax_currency, address] =
            self.document.read_with(reader, |element, within, reader| match (within, element.local) {
                _ if element.namespace != CAC => Ok(()),
                ("", "LegalMonetaryTotal") => once(&mut total, self.total.read(reader)?, TOTALS),
                ("", "InvoiceLine" | "CreditNoteLine") => self.line(reader, element.local, &mut lists),
                ("", "AllowanceCharge") => self.allowance(reader, &mut lists),
                ("", "TaxTotal") => self.tax(reader, &mut lists),
                ("", "PrepaidPayment") => self.payment(reader, &mut lists),
                (SELLER, "PartyTaxScheme") => {
                    let [company, scheme] = self.tax_scheme.read(reader)?;
                    let scheme = scheme.optional().unwrap_or_default();
                    if scan::trimmed(&scheme).eq_ignore_ascii_case("VAT") {
                        once(&mut vat, company, PLACES.vat)?;
                    }
                    Ok(())
                }
                _ => Ok(()),
            })?;
        let Some(total) = total else { return Err(missing(TOTALS)) };
        let Lists { parts, mut currencies, .. } = lists;
        let [amount, amount_currency] = [&total[4], &total[12]].map(Field::clone);
        Ok(Invoice {
            syntax: Syntax::Ubl,
            claim,
            number,
            issued: issued.read(date::parse_xsd).map(|(day, offset)| (day, offset.unwrap_or(UtcOffset::UTC)))?,
            type_code: if is_credit_note { credit_note_type } else { invoice_type },
            is_credit_note: Some(is_credit_note),
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

    fn line(&self, reader: &mut Reader<'_>, name: &str, lists: &mut Lists<'_>) -> Result<(), FieldError> {
        lists.lines += 1;
        let number = lists.lines;
        let place = || format!("cac:{name}[{number}]");
        let [amount, currency] = self.line.read(reader).map_err(|error| error.within(&place()))?;
        lists.parts.lines.read(amount, currency, &mut lists.currencies, place)
    }

    fn allowance(&self, reader: &mut Reader<'_>, lists: &mut Lists<'_>) -> Result<(), FieldError> {
        lists.allowances += 1;
        let number = lists.allowances;
        let place = || format!("cac:AllowanceCharge[{number}]");
        let [amount, currency, is_charge] = self.allowance.read(reader).map_err(|error| error.within(&place()))?;
        let is_charge = indicator(is_charge).map_err(|error| error.within(&place()))?;
        let kind = if is_charge { &mut lists.parts.charges } else { &mut lists.parts.allowances };
        kind.read(amount, currency, &mut lists.currencies, place)
    }

    fn tax<'p>(&'p self, reader: &mut Reader<'_>, lists: &mut Lists<'p>) -> Result<(), FieldError> {
        let (mut by_category, mut currencies) = (Parts::default(), InCurrencies::of(Syntax::Ubl));
        let mut number = 0;
        let [amount, currency] = self.tax.read_with(reader, |element, _, reader| {
            if (element.namespace, element.local) != (CAC, "TaxSubtotal") {
                return Ok(());
            }
            number += 1;
            let place = || format!("cac:TaxTotal/cac:TaxSubtotal[{number}]");
            let [amount, currency] = self.category.read(reader).map_err(|error: FieldError| error.within(&place()))?;
            by_category.read(amount, currency, &mut currencies, place)
        })?;
        lists.parts.taxes.push(Tax::read(amount, currency, by_category, &currencies)?);
        Ok(())
    }

    fn payment(&self, reader: &mut Reader<'_>, lists: &mut Lists<'_>) -> Result<(), FieldError> {
        lists.payments += 1;
        let number = lists.payments;
        let place = || format!("cac:PrepaidPayment[{number}]");
        let [amount, currency] = self.prepaid.read(reader).map_err(|error| error.within(&place()))?;
        lists.parts.others_paid.read(amount, currency, &mut lists.currencies, place)
    }
}
