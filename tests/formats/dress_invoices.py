"""Makes the totals of an invoice that was made at random agree with its lines, charges and taxes, as EN 16931 asks for."""

from decimal import Decimal

from lxml import etree

from currencies import minor_units
from dress import _all, _set
from values import USED

ZERO = Decimal(0)
FOLLOWED = (
    "urn:cen.eu:en16931:2017",
    "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0",
    "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0",
    "urn:example:bill",
)
TRADE = "SupplyChainTradeTransaction"
SUMMATION = (TRADE, "ApplicableHeaderTradeSettlement", "SpecifiedTradeSettlementHeaderMonetarySummation")
LINES = (TRADE, "IncludedSupplyChainTradeLineItem")
KINDS_AT = (("InvoiceTypeCode",), ("CreditNoteTypeCode",), ("ExchangedDocument", "TypeCode"))
# What CII's schema lets stand many times, beside amounts, and EN 16931 once.
ONCE = ("URIUniversalCommunication", "SpecifiedTradeSettlementHeaderMonetarySummation", "SpecifiedTradeSettlementLineMonetarySummation")
# Commercial, credit, corrected, self-billed, partial and prepayment invoices.
KINDS = ("380", "380", "381", "384", "389", "326", "386")


def invoice(root, random):
    _codes(root, random)
    _claim(root, random)
    _cii(root, random) if etree.QName(root).localname == "CrossIndustryInvoice" else _ubl(root, random)


def _codes(root, random):
    """What the standards name by codes: whose registration is for VAT, and what kind of document it is."""
    for scheme in _all(root, "AccountingSupplierParty", "Party", "PartyTaxScheme"):
        _set(scheme, "LOC", "TaxScheme", "ID")
    for scheme in _all(root, "AccountingSupplierParty", "Party", "PartyTaxScheme")[-1:]:
        _set(scheme, random.choice(["VAT", "VAT", "VAT", "GST"]), "TaxScheme", "ID")
    _set(root, random.choice(KINDS), "InvoiceTypeCode")
    _set(root, "381", "CreditNoteTypeCode")
    registered = ("SupplyChainTradeTransaction", "ApplicableHeaderTradeAgreement", "SellerTradeParty", "SpecifiedTaxRegistration", "ID")
    for number, node in enumerate(_all(root, *registered)):
        node.set("schemeID", "FC" if number else random.choice(["VA", "VA", "VA", "FC"]))
    _set(root, random.choice(KINDS), "ExchangedDocument", "TypeCode")


def _claim(root, random):
    """What it says that it follows: EN 16931, if it has all that this asks for."""
    total = _all(root, "LegalMonetaryTotal") or _all(root, *SUMMATION)
    wanted = (("LineExtensionAmount", "TaxExclusiveAmount", "PayableAmount"), ("LineTotalAmount", "TaxBasisTotalAmount", "DuePayableAmount"))
    lines = [node for name in ("InvoiceLine", "CreditNoteLine") for node in _all(root, name)] or _all(root, *LINES)
    kinds = [node for path in KINDS_AT for node in _all(root, *path)]
    taxes = {node.get("currencyID") for node in _all(root, "TaxTotal", "TaxAmount")}
    whole = total and lines and kinds and any(all(_all(total[0], name) for name in names) for names in wanted)
    whole = whole and (len(taxes) < 2 or len(_all(root, "TaxTotal")) <= 2)
    follows = random.choice(FOLLOWED) if whole else "urn:example:bill"
    _set(root, follows, "CustomizationID")
    for context in _all(root, "ExchangedDocumentContext"):
        _set(context, follows, "GuidelineSpecifiedDocumentContextParameter", "ID")


def _sum(nodes):
    return sum((Decimal(node.text) for node in nodes), ZERO)


def _one_currency(root, currency):
    """Every amount that names its currency is in this one, with no more digits than it has."""
    unit = Decimal(1).scaleb(-minor_units(currency))
    for node in root.iter(etree.Element):
        if "currencyID" in node.attrib:
            node.set("currencyID", currency)
            node.text = f"{Decimal(node.text).quantize(unit):f}"
    return unit


def _charged(nodes, flag, amount):
    """What the charges that say `true` come to, and the allowances that say `false`."""
    found = {"true": ZERO, "false": ZERO}
    for node in nodes:
        said = "".join(node.text for node in _all(node, *flag)[:1])
        if not said:
            continue  # nobody can tell which it is, and the readers say so
        found[{"1": "true", "0": "false"}.get(said, said)] += _sum(_all(node, amount)[:1])
    return found


def _ubl(root, random):
    name = etree.QName(root).localname
    currency = random.choice(USED)
    _set(root, currency, "DocumentCurrencyCode")
    unit = _one_currency(root, currency)
    lines = _all(root, f"{name}Line")
    for line in lines:
        _line(line, name)
    tax = ZERO
    for total in _all(root, "TaxTotal"):
        if _all(total, "TaxSubtotal"):
            _set(total, _sum(_all(total, "TaxSubtotal", "TaxAmount")), "TaxAmount")
        tax += _sum(_all(total, "TaxAmount"))
    if len(_all(root, "TaxTotal")) > 1 and random.random() < 0.7:
        # As EN 16931 has it, the second one says the same in the currency of accounting.
        second = _all(root, "TaxTotal")[1]
        for node in second.iter(etree.Element):
            if "currencyID" in node.attrib:
                node.set("currencyID", "EUR" if currency != "EUR" else "USD")
                node.text = f"{Decimal(node.text).quantize(Decimal('0.01')):f}"
        tax -= _sum(_all(second, "TaxAmount"))
        _set(second, _sum(_all(second, "TaxSubtotal", "TaxAmount")) if _all(second, "TaxSubtotal") else ZERO, "TaxAmount")
    charges = _charged(_all(root, "AllowanceCharge"), ["ChargeIndicator"], "Amount")
    for total in _all(root, "LegalMonetaryTotal"):
        _total(
            total,
            _sum(_all(root, f"{name}Line", "LineExtensionAmount")),
            charges,
            tax,
            ("LineExtensionAmount", "AllowanceTotalAmount", "ChargeTotalAmount", "TaxExclusiveAmount", "TaxInclusiveAmount",
             "PrepaidAmount", "PayableRoundingAmount", "PayableAmount"),
        )  # fmt: skip
    return unit


def _line(line, name):
    """A line's amount is its quantity by its price, with its own charges and allowances."""
    _set(line, 1, "InvoicedQuantity" if name == "Invoice" else "CreditedQuantity")
    _set(line, 1, "Price", "BaseQuantity")
    charges = _charged(_all(line, "AllowanceCharge"), ["ChargeIndicator"], "Amount")
    price = _sum(_all(line, "LineExtensionAmount")) - charges["true"] + charges["false"]
    if price < 0:
        # Prices are not negative, and lines may be more than they were.
        _set(line, charges["true"] - charges["false"] + charges["false"], "LineExtensionAmount")
        price = charges["false"]
    _set(line, price, "Price", "PriceAmount")


def _total(total, lines, charges, tax, names):
    line, allowance, charge, exclusive, inclusive, prepaid, rounding, payable = names
    if not _all(total, allowance) and charges["false"] or not _all(total, charge) and charges["true"]:
        # Without the total of the charges there is nothing that says how they count.
        charges = {"true": charges["true"] if _all(total, charge) else ZERO, "false": charges["false"] if _all(total, allowance) else ZERO}
    _set(total, lines, line)
    _set(total, charges["false"], allowance)
    _set(total, charges["true"], charge)
    net = lines - charges["false"] + charges["true"]
    _set(total, net, exclusive)
    _set(total, net + tax, inclusive)
    if _all(total, inclusive):
        _set(total, net + tax - _sum(_all(total, prepaid)) + _sum(_all(total, rounding)), payable)


def _cii(root, random):
    """As EN 16931 uses CII: each amount once, in the invoice's currency."""
    for parent in root.iter(etree.Element):
        names = [etree.QName(child).localname for child in parent]
        for number, child in enumerate(list(parent)):
            if (names[number].endswith("Amount") or names[number] in ONCE) and names[number] in names[:number]:
                parent.remove(child)
    currency = random.choice(USED)
    for settlement in _all(root, "SupplyChainTradeTransaction", "ApplicableHeaderTradeSettlement"):
        _set(settlement, currency, "InvoiceCurrencyCode")
    unit = Decimal(1).scaleb(-minor_units(currency))
    for node in root.iter(etree.Element):
        if etree.QName(node).localname.endswith("Amount") and node.text:
            if "currencyID" in node.attrib:
                node.set("currencyID", currency)
            node.text = f"{abs(Decimal(node.text)).quantize(unit):f}"
    for node in root.iter(etree.Element):
        if etree.QName(node).localname == "DateTimeString":
            node.set("format", "102")
            node.text = random.choice(["20260228", "20240229", "20251231"])
    trade = _all(root, "SupplyChainTradeTransaction")[0]
    in_lines = ("IncludedSupplyChainTradeLineItem", "SpecifiedLineTradeSettlement", "SpecifiedTradeSettlementLineMonetarySummation")
    summed = [_all(place, "LineTotalAmount")[:1] for place in _all(trade, *in_lines)]
    for settlement in _all(trade, "ApplicableHeaderTradeSettlement"):
        charges = _charged(_all(settlement, "SpecifiedTradeAllowanceCharge"), ["ChargeIndicator", "Indicator"], "ActualAmount")
        tax = _sum([node for tax in _all(settlement, "ApplicableTradeTax") for node in _all(tax, "CalculatedAmount")[:1]])
        charges["true"] += _sum(_all(settlement, "SpecifiedLogisticsServiceCharge", "AppliedAmount"))
        for total in _all(settlement, "SpecifiedTradeSettlementHeaderMonetarySummation"):
            _set(total, tax, "TaxTotalAmount")
            if not _all(total, "TaxTotalAmount"):
                tax = ZERO
            _total(
                total,
                _sum([node for nodes in summed for node in nodes]),
                charges,
                tax,
                ("LineTotalAmount", "AllowanceTotalAmount", "ChargeTotalAmount", "TaxBasisTotalAmount", "GrandTotalAmount",
                 "TotalPrepaidAmount", "RoundingAmount", "DuePayableAmount"),
            )  # fmt: skip
