"""Reads invoices and credit notes of UBL and CII, by their definitions, EN 16931's rules on totals, and what the documentation states."""

import re
from datetime import date
from decimal import Decimal

from lxml import etree

from currencies import CURRENCIES
from reading import Reader, Refused, Transaction, amount, check_total, day, parse

OASIS = "urn:oasis:names:specification:ubl:schema:xsd:"
UNECE = "urn:un:unece:uncefact:data:standard:"
UBL = Reader({"cac": OASIS + "CommonAggregateComponents-2", "cbc": OASIS + "CommonBasicComponents-2"})
CII = Reader(
    {
        "rsm": UNECE + "CrossIndustryInvoice:100",
        "ram": UNECE + "ReusableAggregateBusinessInformationEntity:100",
        "udt": UNECE + "UnqualifiedDataType:100",
    }
)
# UNTDID 1001: credit notes, whichever their occasion. What Peppol and XRechnung use of them is among these.
CREDIT_NOTES = ("81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "502", "503", "532")


def read(document):
    """(kind, transactions) of a document; raises Refused."""
    root = parse(document)
    for name in ("Invoice", "CreditNote"):
        if root.tag == f"{{{OASIS}{name}-2}}{name}":
            return "UBL", [ubl(root, name)]
    if root.tag == f"{{{UNECE}CrossIndustryInvoice:100}}CrossIndustryInvoice":
        return "CII", [cii(root)]
    raise Refused("", f"{root.tag} is no invoice that is known")


def ubl(root, name):
    number = UBL.must(root, "cbc:ID").strip()
    at = day(UBL.must(root, "cbc:IssueDate"), "IssueDate")
    kind = UBL.text(root, f"cbc:{name}TypeCode")
    parties = UBL.one(root, "cac:AccountingSupplierParty")
    party = None if parties is None else UBL.one(parties, "cac:Party")
    if party is None:
        raise Refused("AccountingSupplierParty", "is missing")
    key = seller(
        [
            UBL.must(scheme, "cbc:CompanyID")
            for scheme in UBL.all(party, "cac:PartyTaxScheme")
            if (UBL.text(scheme, "cac:TaxScheme/cbc:ID") or "").strip() == "VAT"
        ],
        UBL.text(party, "cbc:EndpointID"),
        "CompanyID",
    )
    total = UBL.one(root, "cac:LegalMonetaryTotal")
    stated = None if total is None else UBL.one(total, "cbc:TaxInclusiveAmount")
    if stated is None:
        raise Refused("TaxInclusiveAmount", "is missing")
    currency = stated.get("currencyID")
    value = amount(stated.text or "", currency, "TaxInclusiveAmount")
    document_currency = UBL.text(root, "cbc:DocumentCurrencyCode")
    if document_currency is not None and document_currency.strip() != currency:
        raise Refused("DocumentCurrencyCode", f"is {document_currency}, and the total is in {currency}")
    ubl_totals(root, total, name, currency, value, claim(UBL.text(root, "cbc:CustomizationID"), kind))
    negative = name == "CreditNote" or (kind or "").strip() in CREDIT_NOTES
    return Transaction((key, number), at, key, -value if negative else value, currency)


def claim(identifier, kind):
    """Whose rules on totals a document follows: EN 16931's, nobody's, or those of another model, which may have others."""
    identifier = (identifier or "").strip()
    if identifier.startswith("urn:cen.eu:en16931:2017"):
        if kind is None:
            raise Refused("TypeCode", "is missing")
        return "EN 16931"
    return "another" if identifier else "none"


def seller(registered, address, field):
    registered = [found.strip() for found in registered]
    if len(registered) > 1:
        raise Refused(field, "stands more than once")
    if registered:
        return registered[0]
    if address is None:
        raise Refused(field, "is missing")
    return address.strip()


def ubl_totals(root, total, name, currency, inclusive, rules):
    def stated(node, path):
        found = UBL.one(node, path)
        if found is None:
            return None
        name = etree.QName(found).localname
        if found.get("currencyID") != currency:
            raise Refused(name, f"is not in {currency}, as the document is")
        return amount(found.text or "", currency, name)

    def of_total(part):
        return stated(total, f"cbc:{part}")

    lines = [stated(line, "cbc:LineExtensionAmount") for line in UBL.all(root, f"cac:{name}Line")]
    charges = {"true": Decimal(0), "false": Decimal(0)}
    for one in UBL.all(root, "cac:AllowanceCharge"):
        flag = {"1": "true", "0": "false"}.get(indicator := UBL.must(one, "cbc:ChargeIndicator").strip(), indicator)
        if flag not in charges:
            raise Refused("ChargeIndicator", "is no boolean")
        charges[flag] += stated(one, "cbc:Amount") or 0
    taxes, stands = Decimal(0), 0
    for tax in UBL.all(root, "cac:TaxTotal"):
        value, of = in_its_currency(tax)
        parts = [in_its_currency(part) for part in UBL.all(tax, "cac:TaxSubtotal")]
        if any(other != of for _, other in parts):
            raise Refused("TaxAmount", f"is not in {of}")
        if parts:
            check_total(value, sum(part for part, _ in parts), "TaxAmount")
        if of == currency:
            taxes, stands = taxes + value, stands + 1
    if UBL.all(root, "cac:TaxTotal") and not stands:
        raise Refused("TaxAmount", f"is not in {currency}")
    if stands > 1 and rules == "EN 16931":
        raise Refused("TaxAmount", "stands more than once")
    check_en(
        of_total,
        Names("LineExtensionAmount", "AllowanceTotalAmount", "ChargeTotalAmount", "TaxExclusiveAmount", "TaxInclusiveAmount",
              "PrepaidAmount", "PayableRoundingAmount", "PayableAmount"),
        lines, charges, taxes, inclusive, rules,
    )  # fmt: skip


def in_its_currency(node):
    """A tax is stated in the document's currency, and once more in that of accounting."""
    found = UBL.one(node, "cbc:TaxAmount")
    if found is None:
        raise Refused("TaxAmount", "is missing")
    return amount(found.text or "", found.get("currencyID"), "TaxAmount"), found.get("currencyID")


class Names:
    def __init__(self, *names):
        self.lines, self.allowances, self.charges, self.exclusive, self.inclusive, self.prepaid, self.rounding, self.payable = names


def check_en(of_total, names, lines, charges, taxes, inclusive, rules):
    """BR-CO-10 to BR-CO-16 of EN 16931, of what is stated; and what its model asks to be stated."""
    if rules == "EN 16931":
        for name in (names.lines, names.exclusive, names.payable):
            if of_total(name) is None:
                raise Refused(name, "is missing")
        for flag, name in (("false", names.allowances), ("true", names.charges)):
            if charges[flag] and of_total(name) is None:
                raise Refused(name, "is missing")
    sum_of_lines = of_total(names.lines)
    if lines and sum_of_lines is not None:
        check_total(sum_of_lines, sum(line for line in lines if line is not None), names.lines)
    for flag, name in (("false", names.allowances), ("true", names.charges)):
        if of_total(name) is not None:
            check_total(of_total(name), charges[flag], name)
    if rules == "another":
        return
    exclusive = of_total(names.exclusive)
    if exclusive is not None and sum_of_lines is not None:
        counted = sum_of_lines - (of_total(names.allowances) or 0) + (of_total(names.charges) or 0)
        check_total(exclusive, counted, names.exclusive)
    if exclusive is not None:
        check_total(inclusive, exclusive + taxes, names.inclusive)
    payable = of_total(names.payable)
    if payable is not None:
        counted = inclusive - (of_total(names.prepaid) or 0) + (of_total(names.rounding) or 0)
        check_total(payable, counted, names.payable)


def cii(root):
    header = CII.one(root, "rsm:ExchangedDocument")
    trade = CII.one(root, "rsm:SupplyChainTradeTransaction")
    if header is None or trade is None:
        raise Refused("ExchangedDocument" if header is None else "SupplyChainTradeTransaction", "is missing")
    number = CII.must(header, "ram:ID").strip()
    stated = CII.one(header, "ram:IssueDateTime/udt:DateTimeString")
    if stated is None:
        raise Refused("IssueDateTime", "is missing")
    at = day_102(stated)
    kind = CII.text(header, "ram:TypeCode")
    party = CII.one(trade, "ram:ApplicableHeaderTradeAgreement/ram:SellerTradeParty")
    if party is None:
        raise Refused("SellerTradeParty", "is missing")
    registered = [
        CII.must(place, "ram:ID")
        for place in CII.all(party, "ram:SpecifiedTaxRegistration")
        if (CII.all(place, "ram:ID") or [party])[0].get("schemeID") == "VA"
    ]
    key = seller(registered, CII.text(party, "ram:URIUniversalCommunication/ram:URIID"), "ID")
    settlement = CII.one(trade, "ram:ApplicableHeaderTradeSettlement")
    if settlement is None:
        raise Refused("ApplicableHeaderTradeSettlement", "is missing")
    currency = CII.must(settlement, "ram:InvoiceCurrencyCode").strip()
    if currency not in CURRENCIES:
        raise Refused("InvoiceCurrencyCode", f"{currency!r} is no currency")
    total = CII.one(settlement, "ram:SpecifiedTradeSettlementHeaderMonetarySummation")
    value = None if total is None else of_cii(total, "GrandTotalAmount", currency)
    if value is None:
        raise Refused("GrandTotalAmount", "is missing")
    guideline = CII.one(root, "rsm:ExchangedDocumentContext/ram:GuidelineSpecifiedDocumentContextParameter")
    rules = claim(None if guideline is None else CII.text(guideline, "ram:ID"), kind)
    cii_totals(trade, settlement, total, currency, value, rules)
    negative = (kind or "").strip() in CREDIT_NOTES
    return Transaction((key, number), at, key, -value if negative else value, currency)


def day_102(node):
    text = (node.text or "").strip()
    if node.get("format") != "102" or not re.fullmatch(r"\d{8}", text, re.ASCII):
        raise Refused("IssueDateTime", "is not of format 102")
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])).isoformat()
    except ValueError as error:
        raise Refused("IssueDateTime", f"{text} is no date") from error


def of_cii(node, name, currency):
    """The amount in the invoice's currency. Where no currency is named, it is that one."""
    found = [node for node in CII.all(node, f"ram:{name}") if node.get("currencyID", currency) == currency]
    if len(found) > 1:
        raise Refused(name, "stands more than once")
    if not found and CII.all(node, f"ram:{name}") and name != "TaxTotalAmount":
        raise Refused(name, f"is not in {currency}")
    return amount(found[0].text or "", currency, name) if found else None


def cii_totals(trade, settlement, total, currency, grand, rules):
    def of_total(part):
        return of_cii(total, part, currency)

    lines = []
    for line in CII.all(trade, "ram:IncludedSupplyChainTradeLineItem"):
        summed = CII.one(line, "ram:SpecifiedLineTradeSettlement/ram:SpecifiedTradeSettlementLineMonetarySummation")
        lines.append(None if summed is None else of_cii(summed, "LineTotalAmount", currency))
    charges = {"true": Decimal(0), "false": Decimal(0)}
    for one in CII.all(settlement, "ram:SpecifiedTradeAllowanceCharge"):
        flag = CII.text(one, "ram:ChargeIndicator/udt:Indicator")
        flag = {"1": "true", "0": "false"}.get((flag or "").strip(), (flag or "").strip())
        if flag not in charges:
            raise Refused("ChargeIndicator", "is no boolean")
        value = of_cii(one, "ActualAmount", currency)
        if value is None and rules == "EN 16931":
            raise Refused("ActualAmount", "is missing")
        charges[flag] += value or 0
    for one in CII.all(settlement, "ram:SpecifiedLogisticsServiceCharge"):
        value = of_cii(one, "AppliedAmount", currency)
        if value is None and rules == "EN 16931":
            raise Refused("AppliedAmount", "is missing")
        charges["true"] += value or 0
    taxes = of_total("TaxTotalAmount")
    parts = [of_cii(tax, "CalculatedAmount", currency) for tax in CII.all(settlement, "ram:ApplicableTradeTax")]
    parts = [part for part in parts if part is not None]
    if taxes is not None and parts:
        check_total(taxes, sum(parts), "TaxTotalAmount")
    check_en(
        of_total,
        Names("LineTotalAmount", "AllowanceTotalAmount", "ChargeTotalAmount", "TaxBasisTotalAmount", "GrandTotalAmount",
              "TotalPrepaidAmount", "RoundingAmount", "DuePayableAmount"),
        lines, charges, taxes or Decimal(0), grand, rules,
    )  # fmt: skip
