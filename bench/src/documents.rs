//! Messages of formats, of our own making, for where there are no samples; and what formats are described by.

/// How many lines an invoice has, and transactions a payment or a statement.
const LINES: usize = 20;
/// How many rows a CSV file has.
const ROWS: usize = 200;

/// An invoice of UBL.
pub fn ubl() -> String {
    let line = |number| {
        format!(
            "<cac:InvoiceLine><cbc:ID>{number}</cbc:ID><cbc:InvoicedQuantity unitCode=\"C62\">4</cbc:InvoicedQuantity>\
             <cbc:LineExtensionAmount currencyID=\"EUR\">50.00</cbc:LineExtensionAmount><cac:Item><cbc:Name>Goods</cbc:Name>\
             <cac:ClassifiedTaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>25</cbc:Percent><cac:TaxScheme><cbc:ID>VAT</cbc:ID>\
             </cac:TaxScheme></cac:ClassifiedTaxCategory></cac:Item><cac:Price><cbc:PriceAmount currencyID=\"EUR\">12.5\
             </cbc:PriceAmount></cac:Price></cac:InvoiceLine>\n"
        )
    };
    let party = |role: &str, number: &str| {
        format!(
            "<cac:{role}><cac:Party><cbc:EndpointID schemeID=\"9934\">{number}</cbc:EndpointID><cac:PartyTaxScheme>\
             <cbc:CompanyID>HR{number}</cbc:CompanyID><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>\
             </cac:Party></cac:{role}>\n"
        )
    };
    let lines: String = (1..=LINES).map(line).collect();
    let parties = party("AccountingSupplierParty", "12345678901") + &party("AccountingCustomerParty", "10987654321");
    format!(
        "<Invoice xmlns=\"urn:oasis:names:specification:ubl:schema:xsd:Invoice-2\" \
         xmlns:cac=\"urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2\" \
         xmlns:cbc=\"urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2\">\n\
         <cbc:CustomizationID>urn:cen.eu:en16931:2017</cbc:CustomizationID><cbc:ID>2026-117</cbc:ID>\
         <cbc:IssueDate>2026-11-22</cbc:IssueDate><cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>\
         <cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>\n{parties}\
         <cac:TaxTotal><cbc:TaxAmount currencyID=\"EUR\">250.00</cbc:TaxAmount></cac:TaxTotal><cac:LegalMonetaryTotal>\
         <cbc:LineExtensionAmount currencyID=\"EUR\">1000.00</cbc:LineExtensionAmount>\
         <cbc:TaxExclusiveAmount currencyID=\"EUR\">1000.00</cbc:TaxExclusiveAmount>\
         <cbc:TaxInclusiveAmount currencyID=\"EUR\">1250.00</cbc:TaxInclusiveAmount>\
         <cbc:PayableAmount currencyID=\"EUR\">1250.00</cbc:PayableAmount></cac:LegalMonetaryTotal>\n{lines}</Invoice>"
    )
}

/// The same as a Cross Industry Invoice.
pub fn cii() -> String {
    let line = |number| {
        format!(
            "<ram:IncludedSupplyChainTradeLineItem><ram:AssociatedDocumentLineDocument><ram:LineID>{number}</ram:LineID>\
             </ram:AssociatedDocumentLineDocument><ram:SpecifiedTradeProduct><ram:Name>Goods</ram:Name></ram:SpecifiedTradeProduct>\
             <ram:SpecifiedLineTradeSettlement><ram:SpecifiedTradeSettlementLineMonetarySummation>\
             <ram:LineTotalAmount>50.00</ram:LineTotalAmount></ram:SpecifiedTradeSettlementLineMonetarySummation>\
             </ram:SpecifiedLineTradeSettlement></ram:IncludedSupplyChainTradeLineItem>\n"
        )
    };
    let lines: String = (1..=LINES).map(line).collect();
    format!(
        "<rsm:CrossIndustryInvoice xmlns:rsm=\"urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100\" \
         xmlns:ram=\"urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100\" \
         xmlns:udt=\"urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100\">\n\
         <rsm:ExchangedDocument><ram:ID>2026-117</ram:ID><ram:TypeCode>380</ram:TypeCode><ram:IssueDateTime>\
         <udt:DateTimeString format=\"102\">20261122</udt:DateTimeString></ram:IssueDateTime></rsm:ExchangedDocument>\
         <rsm:SupplyChainTradeTransaction>\n{lines}<ram:ApplicableHeaderTradeAgreement><ram:SellerTradeParty>\
         <ram:SpecifiedTaxRegistration><ram:ID schemeID=\"VA\">HR12345678901</ram:ID></ram:SpecifiedTaxRegistration>\
         </ram:SellerTradeParty></ram:ApplicableHeaderTradeAgreement><ram:ApplicableHeaderTradeSettlement>\
         <ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode><ram:SpecifiedTradeSettlementHeaderMonetarySummation>\
         <ram:LineTotalAmount>1000.00</ram:LineTotalAmount><ram:TaxBasisTotalAmount>1000.00</ram:TaxBasisTotalAmount>\
         <ram:TaxTotalAmount currencyID=\"EUR\">250.00</ram:TaxTotalAmount><ram:GrandTotalAmount>1250.00</ram:GrandTotalAmount>\
         <ram:DuePayableAmount>1250.00</ram:DuePayableAmount></ram:SpecifiedTradeSettlementHeaderMonetarySummation>\
         </ram:ApplicableHeaderTradeSettlement></rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>"
    )
}

/// Payments to be made, in pain.001.
pub fn pain() -> String {
    let payment = |number| {
        format!(
            "<CdtTrfTxInf><PmtId><EndToEndId>E-{number}</EndToEndId></PmtId><Amt><InstdAmt Ccy=\"EUR\">50.00</InstdAmt></Amt>\
             <Cdtr><Nm>Somebody</Nm></Cdtr><CdtrAcct><Id><IBAN>HR1723600001101234565</IBAN></Id></CdtrAcct>\
             <RmtInf><Ustrd>Invoice {number}</Ustrd></RmtInf></CdtTrfTxInf>\n"
        )
    };
    let payments: String = (1..=LINES).map(payment).collect();
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.001.001.09\"><CstmrCdtTrfInitn><GrpHdr><MsgId>M-1</MsgId>\
         <CreDtTm>2026-11-22T10:00:00</CreDtTm><NbOfTxs>{LINES}</NbOfTxs><CtrlSum>1000.00</CtrlSum><InitgPty><Nm>Payer</Nm>\
         </InitgPty></GrpHdr><PmtInf><PmtInfId>P-1</PmtInfId><PmtMtd>TRF</PmtMtd><ReqdExctnDt><Dt>2026-11-22</Dt></ReqdExctnDt>\
         <Dbtr><Nm>Payer</Nm></Dbtr><DbtrAcct><Id><IBAN>HR1210010051863000160</IBAN></Id></DbtrAcct>\n{payments}</PmtInf>\
         </CstmrCdtTrfInitn></Document>"
    )
}

/// A statement of an account, in camt.053.
pub fn camt() -> String {
    let entry = |number| {
        format!(
            "<Ntry><NtryRef>{number}</NtryRef><Amt Ccy=\"EUR\">50.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
             <BookgDt><Dt>2026-11-22</Dt></BookgDt><AcctSvcrRef>S-{number}</AcctSvcrRef><BkTxCd><Prtry><Cd>1</Cd></Prtry></BkTxCd>\
             <NtryDtls><TxDtls><Refs><EndToEndId>E-{number}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>\n"
        )
    };
    let entries: String = (1..=LINES).map(entry).collect();
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><GrpHdr><MsgId>M-1</MsgId>\
         <CreDtTm>2026-11-22T10:00:00</CreDtTm></GrpHdr><Stmt><Id>T-1</Id><CreDtTm>2026-11-22T10:00:00</CreDtTm>\
         <Acct><Id><IBAN>HR1210010051863000160</IBAN></Id><Ccy>EUR</Ccy></Acct>\n{entries}</Stmt></BkToCstmrStmt></Document>"
    )
}

/// A bank's list of entries.
pub fn csv() -> String {
    let row = |number| format!("HR1210010051863000160;{number};22.11.2026;50,00;EUR;Invoice {number}\n");
    "Account;Number;Day;Amount;Currency;Purpose\n".to_owned() + &(1..=ROWS).map(row).collect::<String>()
}

pub const CSV_BY_DESCRIPTION: &str = r#"{ "delimiter": ";", "decimal": ",", "date": "dd.MM.yyyy",
  "fields": { "id": { "join": ["Account", "Number"] }, "day": "Day", "key": "Account", "amount": "Amount", "currency": "Currency" } }"#;

pub const PAIN_BY_DESCRIPTION: &str = r#"{ "records": "/Document/CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf",
  "namespaces": { "": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09" }, "number_ids": true,
  "totals": [{ "count": "/Document/CstmrCdtTrfInitn/GrpHdr/NbOfTxs" }],
  "fields": { "id": { "join": ["/Document/CstmrCdtTrfInitn/GrpHdr/MsgId", "../PmtInfId", "PmtId/EndToEndId"] },
    "day": { "first": ["../ReqdExctnDt/Dt", "../ReqdExctnDt/DtTm"] },
    "key": { "first": ["../DbtrAcct/Id/IBAN", "../DbtrAcct/Id/Othr/Id"] },
    "amount": "Amt/InstdAmt", "currency": "Amt/InstdAmt/@Ccy" } }"#;

pub const UBL_BY_DESCRIPTION: &str = r#"{ "records": "/Invoice",
  "namespaces": { "": "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2",
    "a": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "b": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2" },
  "fields": { "id": { "join": ["a:AccountingSupplierParty/a:Party/a:PartyTaxScheme[a:TaxScheme/b:ID='VAT']/b:CompanyID", "b:ID"] },
    "day": "b:IssueDate",
    "key": "a:AccountingSupplierParty/a:Party/a:PartyTaxScheme[a:TaxScheme/b:ID='VAT']/b:CompanyID",
    "amount": "a:LegalMonetaryTotal/b:TaxInclusiveAmount",
    "currency": "a:LegalMonetaryTotal/b:TaxInclusiveAmount/@currencyID" } }"#;
