"""Where in each kind of message the fields stand that its transactions are made of, and its totals.

A path is of local names. A field's name in a refusal is the last of the path, unless another is told.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """`kind`: text, date, amount, count, total (a sum that states no currency), sign, or code (text that the standard lists).
    `names`: what a refusal may call it; a message must have it where it is `required`."""

    path: str
    kind: str
    names: tuple = ()
    required: bool = True

    @property
    def called(self):
        return self.names or (self.path.rsplit("/", 1)[-1],)


def _totals(path):
    return [Place(f"{path}NbOfTxs", "count", required=False), Place(f"{path}CtrlSum", "total", required=False)]


def _payments(date, account, amount, block):
    return [
        Place("*/GrpHdr/MsgId", "text"),
        *_totals("*/GrpHdr/"),
        Place("*/PmtInf/PmtInfId", "text"),
        *_totals("*/PmtInf/"),
        Place(f"*/PmtInf/{date}", "date"),
        Place(f"*/PmtInf/{account}", "account", (account, "IBAN", "Id")),
        Place(f"*/PmtInf/{block}/PmtId/EndToEndId", "text"),
        Place(f"*/PmtInf/{block}/{amount}", "amount", ("InstdAmt", "Amt", "EqvtAmt")),
    ]


def _interbank(block, account, amount, total):
    return [
        Place("*/GrpHdr/MsgId", "text"),
        *_totals("*/GrpHdr/"),
        Place(f"*/GrpHdr/{total}", "amount", required=False),
        Place(f"*/{block}/{amount}", "amount"),
        Place(f"*/{block}/IntrBkSttlmDt", "date"),
        *account,
    ]


def _credited(block, account):
    return [Place(f"*/{block}/PmtId/TxId", "text", required=False), Place(f"*/{block}/{account}", "account", (account, "IBAN", "Id"))]


def _statement(container):
    booked = f"*/{container}/Ntry[1]"
    summary = f"*/{container}/TxsSummry/Ttl"
    return [
        Place(f"*/{container}/Id", "text"),
        Place(f"*/{container}/Acct", "account", ("Acct", "IBAN", "Id")),
        Place(f"{booked}/Amt", "amount"),
        Place(f"{booked}/CdtDbtInd", "sign"),
        Place(f"{booked}/BookgDt", "date", ("BookgDt", "ValDt", "Dt", "DtTm"), required=False),
        Place(f"{booked}/Sts", "status", ("Sts", "Cd")),
        *[Place(f"{summary}{name}/NbOfNtries", "count", required=False) for name in ("Ntries", "CdtNtries", "DbtNtries")],
        *[Place(f"{summary}{name}/Sum", "total", required=False) for name in ("Ntries", "CdtNtries", "DbtNtries")],
    ]


def _ubl(name):
    total = "LegalMonetaryTotal/"
    party = "AccountingSupplierParty/Party/"
    optional = ("LineExtensionAmount", "TaxExclusiveAmount", "AllowanceTotalAmount", "ChargeTotalAmount", "PayableAmount")
    return [
        Place("ID", "text"),
        Place("IssueDate", "date"),
        Place(f"{party}PartyTaxScheme/CompanyID", "text", ("CompanyID", "PartyTaxScheme"), required=False),
        Place(f"{total}TaxInclusiveAmount", "amount"),
        *[Place(f"{total}{part}", "amount", required=False) for part in optional],
        Place("TaxTotal/TaxAmount", "amount", ("TaxAmount", "TaxTotal", "TaxInclusiveAmount"), required=False),
        Place("TaxTotal/TaxSubtotal/TaxAmount", "amount", ("TaxAmount", "TaxTotal", "TaxSubtotal"), required=False),
        Place(f"{name}Line/LineExtensionAmount", "amount", ("LineExtensionAmount", f"{name}Line"), required=False),
        Place("AllowanceCharge/Amount", "amount", ("Amount", "AllowanceTotalAmount", "ChargeTotalAmount", "AllowanceCharge"), required=False),
    ]


def _cii():
    trade = "SupplyChainTradeTransaction/"
    settlement = trade + "ApplicableHeaderTradeSettlement/"
    total = settlement + "SpecifiedTradeSettlementHeaderMonetarySummation/"
    seller = trade + "ApplicableHeaderTradeAgreement/SellerTradeParty/"
    line = trade + "IncludedSupplyChainTradeLineItem/SpecifiedLineTradeSettlement/SpecifiedTradeSettlementLineMonetarySummation/"
    optional = ("LineTotalAmount", "TaxBasisTotalAmount", "AllowanceTotalAmount", "ChargeTotalAmount", "DuePayableAmount", "TaxTotalAmount")
    return [
        Place("ExchangedDocument/ID", "text"),
        Place("ExchangedDocument/IssueDateTime/DateTimeString", "date", ("DateTimeString", "IssueDateTime")),
        Place(f"{seller}SpecifiedTaxRegistration/ID", "text", ("ID", "SpecifiedTaxRegistration"), required=False),
        Place(f"{settlement}InvoiceCurrencyCode", "currency"),
        Place(f"{total}GrandTotalAmount", "amount"),
        *[Place(f"{total}{part}", "amount", required=False) for part in optional],
        Place(f"{settlement}ApplicableTradeTax/CalculatedAmount", "amount", ("CalculatedAmount", "TaxTotalAmount"), required=False),
        Place(f"{line}LineTotalAmount", "amount", required=False),
        Place(
            f"{settlement}SpecifiedTradeAllowanceCharge/ActualAmount",
            "amount",
            ("ActualAmount", "AllowanceTotalAmount", "ChargeTotalAmount", "SpecifiedTradeAllowanceCharge"),
            required=False,
        ),
    ]


RETURNED = [
    Place("*/TxInf/RtrId", "text", ("RtrId", "OrgnlTxId"), required=False),
    Place("*/TxInf/OrgnlTxRef/CdtrAcct", "account", ("CdtrAcct", "OrgnlTxRef", "IBAN", "Id")),
]

PLACES = {
    "pain.001": _payments("ReqdExctnDt", "DbtrAcct", "Amt/InstdAmt", "CdtTrfTxInf"),
    "pain.008": _payments("ReqdColltnDt", "CdtrAcct", "InstdAmt", "DrctDbtTxInf"),
    "pacs.008": _interbank("CdtTrfTxInf", _credited("CdtTrfTxInf", "CdtrAcct"), "IntrBkSttlmAmt", "TtlIntrBkSttlmAmt"),
    "pacs.003": _interbank("DrctDbtTxInf", _credited("DrctDbtTxInf", "DbtrAcct"), "IntrBkSttlmAmt", "TtlIntrBkSttlmAmt"),
    "pacs.004": _interbank("TxInf", RETURNED, "RtrdIntrBkSttlmAmt", "TtlRtrdIntrBkSttlmAmt"),
    "camt.053": _statement("Stmt"),
    "camt.054": _statement("Ntfctn"),
    "Invoice": _ubl("Invoice"),
    "CreditNote": _ubl("CreditNote"),
    "CrossIndustryInvoice": _cii(),
}
