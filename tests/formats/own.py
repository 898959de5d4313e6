"""Small messages of our own making, one of each kind, that mutants are made of."""

ISO = "urn:iso:std:iso:20022:tech:xsd:"
EN_16931 = "urn:cen.eu:en16931:2017"


def document(name, body):
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{ISO}{name}">{body}</Document>'


def iban(number):
    return f"<Id><IBAN>HR{number:019}</IBAN></Id>"


def group(count, total, more=""):
    return (
        f"<GrpHdr><MsgId>M-1</MsgId><CreDtTm>2026-03-01T09:00:00</CreDtTm><NbOfTxs>{count}</NbOfTxs>"
        f"<CtrlSum>{total}</CtrlSum>{more}</GrpHdr>"
    )


def transfer(number, amount):
    return (
        f"<CdtTrfTxInf><PmtId><EndToEndId>E-{number}</EndToEndId></PmtId><Amt><InstdAmt Ccy=\"EUR\">{amount}</InstdAmt></Amt>"
        f"<Cdtr><Nm>Žito d.o.o. &amp; sin</Nm></Cdtr><CdtrAcct>{iban(number)}</CdtrAcct></CdtTrfTxInf>"
    )


def block(number, day, transfers, count, total):
    return (
        f"<PmtInf><PmtInfId>P-{number}</PmtInfId><PmtMtd>TRF</PmtMtd><NbOfTxs>{count}</NbOfTxs><CtrlSum>{total}</CtrlSum>"
        f"<ReqdExctnDt><Dt>{day}</Dt></ReqdExctnDt><Dbtr><Nm>Payer</Nm></Dbtr><DbtrAcct>{iban(90 + number)}</DbtrAcct>"
        f"<DbtrAgt><FinInstnId><BICFI>ZABAHR2X</BICFI></FinInstnId></DbtrAgt>{transfers}</PmtInf>"
    )


PAIN_001 = document(
    "pain.001.001.09",
    "<CstmrCdtTrfInitn>"
    + group(3, "111.10", "<InitgPty><Nm>Payer</Nm></InitgPty>")
    + block(1, "2026-03-02", transfer(1, "100.00") + transfer(2, "10.10"), 2, "110.10")
    + block(2, "2026-03-03", transfer(3, "1.00"), 1, "1.00")
    + "</CstmrCdtTrfInitn>",
)


def _collection(number, amount):
    return (
        f"<DrctDbtTxInf><PmtId><EndToEndId>E-{number}</EndToEndId></PmtId><InstdAmt Ccy=\"EUR\">{amount}</InstdAmt>"
        f"<DbtrAgt><FinInstnId/></DbtrAgt><Dbtr/><DbtrAcct>{iban(number)}</DbtrAcct></DrctDbtTxInf>"
    )


PAIN_008 = document(
    "pain.008.001.08",
    "<CstmrDrctDbtInitn>"
    + group(2, "75.50", "<InitgPty/>")
    + "<PmtInf><PmtInfId>P-1</PmtInfId><PmtMtd>DD</PmtMtd><NbOfTxs>2</NbOfTxs><CtrlSum>75.50</CtrlSum>"
    + f"<ReqdColltnDt>2026-03-02</ReqdColltnDt><Cdtr/><CdtrAcct>{iban(91)}</CdtrAcct><CdtrAgt><FinInstnId/></CdtrAgt>"
    + _collection(1, "25.50")
    + _collection(2, "50.00")
    + "</PmtInf></CstmrDrctDbtInitn>",
)


def entry(number, amount, way, status="BOOK"):
    return (
        f"<Ntry><NtryRef>N-{number}</NtryRef><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>{way}</CdtDbtInd><Sts><Cd>{status}</Cd></Sts>"
        f"<BookgDt><Dt>2026-03-02</Dt></BookgDt><ValDt><Dt>2026-03-03</Dt></ValDt><AcctSvcrRef>A-{number}</AcctSvcrRef>"
        f"<BkTxCd><Prtry><Cd>1</Cd></Prtry></BkTxCd><NtryDtls><TxDtls><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>{way}</CdtDbtInd>"
        "</TxDtls></NtryDtls></Ntry>"
    )


def _balance(code, amount):
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>"
        "<Dt><Dt>2026-03-02</Dt></Dt></Bal>"
    )


def _statement(name, message, container, balances=""):
    return document(
        name,
        f"<{message}><GrpHdr><MsgId>M-1</MsgId><CreDtTm>2026-03-02T20:00:00+01:00</CreDtTm></GrpHdr><{container}><Id>S-1</Id>"
        f"<CreDtTm>2026-03-02T20:00:00+01:00</CreDtTm><Acct>{iban(91)}</Acct>{balances}<TxsSummry>"
        "<TtlNtries><NbOfNtries>5</NbOfNtries><Sum>144.75</Sum></TtlNtries>"
        "<TtlCdtNtries><NbOfNtries>4</NbOfNtries><Sum>119.25</Sum></TtlCdtNtries>"
        "<TtlDbtNtries><NbOfNtries>1</NbOfNtries><Sum>25.50</Sum></TtlDbtNtries></TxsSummry>"
        + entry(1, "100.25", "CRDT")
        + entry(2, "25.50", "DBIT")
        + entry(3, "5.00", "CRDT")
        + entry(4, "7.00", "CRDT", "PDNG")
        + entry(5, "7.00", "CRDT", "INFO")
        + f"</{container}></{message}>",
    )


CAMT_053 = _statement("camt.053.001.08", "BkToCstmrStmt", "Stmt", _balance("OPBD", "100.00") + _balance("CLBD", "179.75"))
CAMT_054 = _statement("camt.054.001.08", "BkToCstmrDbtCdtNtfctn", "Ntfctn")


def settled(name, number, amount, more):
    return (
        f"<{name}><PmtId><InstrId>I-{number}</InstrId><EndToEndId>E-{number}</EndToEndId><TxId>T-{number}</TxId></PmtId>"
        f"<IntrBkSttlmAmt Ccy=\"EUR\">{amount}</IntrBkSttlmAmt><IntrBkSttlmDt>2026-03-02</IntrBkSttlmDt><ChrgBr>SLEV</ChrgBr>{more}</{name}>"
    )


def _interbank(name, message, block, parties):
    total = '<TtlIntrBkSttlmAmt Ccy="EUR">300.30</TtlIntrBkSttlmAmt><SttlmInf><SttlmMtd>CLRG</SttlmMtd></SttlmInf>'
    return document(
        name,
        f"<{message}>"
        + group(2, "300.30", total)
        + settled(block, 1, "100.10", parties(1))
        + settled(block, 2, "200.20", parties(2))
        + f"</{message}>",
    )


PACS_008 = _interbank(
    "pacs.008.001.08",
    "FIToFICstmrCdtTrf",
    "CdtTrfTxInf",
    lambda number: f"<Dbtr/><DbtrAcct>{iban(91)}</DbtrAcct><DbtrAgt><FinInstnId/></DbtrAgt><CdtrAgt><FinInstnId/></CdtrAgt><Cdtr/>"
    f"<CdtrAcct>{iban(number)}</CdtrAcct>",
)
PACS_003 = _interbank(
    "pacs.003.001.08",
    "FIToFICstmrDrctDbt",
    "DrctDbtTxInf",
    lambda number: f"<Cdtr/><CdtrAcct>{iban(91)}</CdtrAcct><CdtrAgt><FinInstnId/></CdtrAgt><Dbtr/><DbtrAcct>{iban(number)}</DbtrAcct>"
    "<DbtrAgt><FinInstnId/></DbtrAgt>",
)


def _returned(number, amount):
    return (
        f"<TxInf><RtrId>R-{number}</RtrId><OrgnlEndToEndId>E-{number}</OrgnlEndToEndId><OrgnlTxId>T-{number}</OrgnlTxId>"
        f"<RtrdIntrBkSttlmAmt Ccy=\"EUR\">{amount}</RtrdIntrBkSttlmAmt><IntrBkSttlmDt>2026-03-02</IntrBkSttlmDt>"
        f"<RtrRsnInf><Rsn><Cd>AC04</Cd></Rsn></RtrRsnInf><OrgnlTxRef><DbtrAcct>{iban(91)}</DbtrAcct>"
        f"<CdtrAcct>{iban(number)}</CdtrAcct></OrgnlTxRef></TxInf>"
    )


PACS_004 = document(
    "pacs.004.001.09",
    "<PmtRtr>"
    + group(
        2,
        "30.30",
        '<TtlRtrdIntrBkSttlmAmt Ccy="EUR">30.30</TtlRtrdIntrBkSttlmAmt><SttlmInf><SttlmMtd>CLRG</SttlmMtd></SttlmInf>',
    )
    + "<OrgnlGrpInf><OrgnlMsgId>M-0</OrgnlMsgId><OrgnlMsgNmId>pacs.008.001.08</OrgnlMsgNmId></OrgnlGrpInf>"
    + _returned(1, "10.10")
    + _returned(2, "20.20")
    + "</PmtRtr>",
)


def _money(name, amount):
    return f'<cbc:{name} currencyID="EUR">{amount}</cbc:{name}>'


def _ubl(name, quantity, kind):
    scheme = "<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>"
    category = f"<cbc:ID>S</cbc:ID><cbc:Percent>25</cbc:Percent>{scheme}"

    def line(number, amount):
        return (
            f"<cac:{name}Line><cbc:ID>{number}</cbc:ID><cbc:{quantity} unitCode=\"C62\">2</cbc:{quantity}>"
            + _money("LineExtensionAmount", amount)
            + f"<cac:Item><cbc:Name>Goods</cbc:Name><cac:ClassifiedTaxCategory>{category}</cac:ClassifiedTaxCategory></cac:Item>"
            + f"<cac:Price>{_money('PriceAmount', f'{float(amount) / 2:.3f}')}</cac:Price></cac:{name}Line>"
        )

    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{name} xmlns="urn:oasis:names:specification:ubl:schema:xsd:{name}-2"'
        ' xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"'
        ' xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">'
        f"<cbc:CustomizationID>{EN_16931}</cbc:CustomizationID><cbc:ID>1-P1-1</cbc:ID><cbc:IssueDate>2026-03-02</cbc:IssueDate><cbc:{name}TypeCode>{kind}</cbc:{name}TypeCode>"
        "<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode><cac:AccountingSupplierParty><cac:Party>"
        '<cbc:EndpointID schemeID="9934">98765432198</cbc:EndpointID>'
        f"<cac:PartyTaxScheme><cbc:CompanyID>HR98765432198</cbc:CompanyID>{scheme}</cac:PartyTaxScheme>"
        "</cac:Party></cac:AccountingSupplierParty><cac:AccountingCustomerParty><cac:Party/></cac:AccountingCustomerParty>"
        f"<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator>{_money('Amount', '1.00')}"
        f"<cac:TaxCategory>{category}</cac:TaxCategory></cac:AllowanceCharge>"
        f"<cac:AllowanceCharge><cbc:ChargeIndicator>true</cbc:ChargeIndicator>{_money('Amount', '2.00')}"
        f"<cac:TaxCategory>{category}</cac:TaxCategory></cac:AllowanceCharge>"
        f"<cac:TaxTotal>{_money('TaxAmount', '25.00')}<cac:TaxSubtotal>{_money('TaxableAmount', '100.00')}{_money('TaxAmount', '25.00')}"
        f"<cac:TaxCategory>{category}</cac:TaxCategory></cac:TaxSubtotal></cac:TaxTotal><cac:LegalMonetaryTotal>"
        + _money("LineExtensionAmount", "99.00")
        + _money("TaxExclusiveAmount", "100.00")
        + _money("TaxInclusiveAmount", "125.00")
        + _money("AllowanceTotalAmount", "1.00")
        + _money("ChargeTotalAmount", "2.00")
        + _money("PrepaidAmount", "25.00")
        + _money("PayableRoundingAmount", "0.50")
        + _money("PayableAmount", "100.50")
        + "</cac:LegalMonetaryTotal>"
        + line(1, "60.00")
        + line(2, "39.00")
        + f"</{name}>"
    )


UBL_INVOICE = _ubl("Invoice", "InvoicedQuantity", "380")
UBL_CREDIT_NOTE = _ubl("CreditNote", "CreditedQuantity", "381")


def _cii_line(number, amount):
    return (
        f"<ram:IncludedSupplyChainTradeLineItem><ram:AssociatedDocumentLineDocument><ram:LineID>{number}</ram:LineID>"
        "</ram:AssociatedDocumentLineDocument><ram:SpecifiedTradeProduct><ram:Name>Goods</ram:Name></ram:SpecifiedTradeProduct>"
        f"<ram:SpecifiedLineTradeAgreement><ram:NetPriceProductTradePrice><ram:ChargeAmount>{amount}0</ram:ChargeAmount>"
        "</ram:NetPriceProductTradePrice></ram:SpecifiedLineTradeAgreement><ram:SpecifiedLineTradeDelivery>"
        '<ram:BilledQuantity unitCode="C62">1</ram:BilledQuantity></ram:SpecifiedLineTradeDelivery><ram:SpecifiedLineTradeSettlement>'
        "<ram:ApplicableTradeTax><ram:TypeCode>VAT</ram:TypeCode><ram:CategoryCode>S</ram:CategoryCode>"
        "<ram:RateApplicablePercent>25</ram:RateApplicablePercent></ram:ApplicableTradeTax>"
        f"<ram:SpecifiedTradeSettlementLineMonetarySummation><ram:LineTotalAmount>{amount}</ram:LineTotalAmount>"
        "</ram:SpecifiedTradeSettlementLineMonetarySummation></ram:SpecifiedLineTradeSettlement></ram:IncludedSupplyChainTradeLineItem>"
    )


def _cii_charge(flag, amount):
    return (
        f"<ram:SpecifiedTradeAllowanceCharge><ram:ChargeIndicator><udt:Indicator>{flag}</udt:Indicator></ram:ChargeIndicator>"
        f"<ram:ActualAmount>{amount}</ram:ActualAmount><ram:CategoryTradeTax><ram:TypeCode>VAT</ram:TypeCode>"
        "<ram:CategoryCode>S</ram:CategoryCode><ram:RateApplicablePercent>25</ram:RateApplicablePercent></ram:CategoryTradeTax>"
        "</ram:SpecifiedTradeAllowanceCharge>"
    )


CII = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"'
    ' xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"'
    ' xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"><rsm:ExchangedDocumentContext>'
    f"<ram:GuidelineSpecifiedDocumentContextParameter><ram:ID>{EN_16931}</ram:ID></ram:GuidelineSpecifiedDocumentContextParameter>"
    "</rsm:ExchangedDocumentContext>"
    "<rsm:ExchangedDocument><ram:ID>1-P1-1</ram:ID><ram:TypeCode>380</ram:TypeCode><ram:IssueDateTime>"
    '<udt:DateTimeString format="102">20260302</udt:DateTimeString></ram:IssueDateTime></rsm:ExchangedDocument>'
    "<rsm:SupplyChainTradeTransaction>"
    + _cii_line(1, "60.00")
    + _cii_line(2, "39.00")
    + "<ram:ApplicableHeaderTradeAgreement><ram:SellerTradeParty><ram:Name>Seller</ram:Name>"
    '<ram:URIUniversalCommunication><ram:URIID schemeID="9934">98765432198</ram:URIID></ram:URIUniversalCommunication>'
    '<ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">HR98765432198</ram:ID></ram:SpecifiedTaxRegistration></ram:SellerTradeParty>'
    "<ram:BuyerTradeParty><ram:Name>Buyer</ram:Name></ram:BuyerTradeParty></ram:ApplicableHeaderTradeAgreement>"
    "<ram:ApplicableHeaderTradeDelivery/><ram:ApplicableHeaderTradeSettlement><ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode>"
    "<ram:ApplicableTradeTax><ram:CalculatedAmount>25.00</ram:CalculatedAmount><ram:TypeCode>VAT</ram:TypeCode>"
    "<ram:BasisAmount>100.00</ram:BasisAmount><ram:CategoryCode>S</ram:CategoryCode><ram:RateApplicablePercent>25</ram:RateApplicablePercent>"
    "</ram:ApplicableTradeTax>"
    + _cii_charge("false", "1.00")
    + _cii_charge("true", "2.00")
    + "<ram:SpecifiedTradeSettlementHeaderMonetarySummation><ram:LineTotalAmount>99.00</ram:LineTotalAmount>"
    "<ram:ChargeTotalAmount>2.00</ram:ChargeTotalAmount><ram:AllowanceTotalAmount>1.00</ram:AllowanceTotalAmount>"
    '<ram:TaxBasisTotalAmount>100.00</ram:TaxBasisTotalAmount><ram:TaxTotalAmount currencyID="EUR">25.00</ram:TaxTotalAmount>'
    "<ram:RoundingAmount>0.50</ram:RoundingAmount><ram:GrandTotalAmount>125.00</ram:GrandTotalAmount>"
    "<ram:TotalPrepaidAmount>25.00</ram:TotalPrepaidAmount><ram:DuePayableAmount>100.50</ram:DuePayableAmount>"
    "</ram:SpecifiedTradeSettlementHeaderMonetarySummation></ram:ApplicableHeaderTradeSettlement></rsm:SupplyChainTradeTransaction>"
    "</rsm:CrossIndustryInvoice>"
)

# By the kind that a reader says it is, or for invoices by their root.
MESSAGES = {
    "pain.001": PAIN_001,
    "pain.008": PAIN_008,
    "camt.053": CAMT_053,
    "camt.054": CAMT_054,
    "pacs.008": PACS_008,
    "pacs.003": PACS_003,
    "pacs.004": PACS_004,
    "Invoice": UBL_INVOICE,
    "CreditNote": UBL_CREDIT_NOTE,
    "CrossIndustryInvoice": CII,
}
