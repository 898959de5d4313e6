//! What the policy makes of documents, good and bad. They are of our own making.

mod cii;
mod claims;
mod messages;
mod totals;
mod ubl;

use tallygate_policy::{Accepted, Decision, Message, Outcome, Policy, Refusal, Transaction};

use crate::UblCii;

fn decided(config: &str, document: impl Into<Vec<u8>>) -> Decision {
    UblCii::configure(config).expect("a configuration").handle(Message::for_test(document).build())
}

fn accepted_by(config: &str, document: &str) -> Transaction {
    match decided(config, document).outcome {
        Outcome::Accept(Accepted { mut transactions, .. }) if transactions.len() == 1 => transactions.remove(0),
        other => panic!("{document} gave {other:?}"),
    }
}

fn accepted(document: &str) -> Transaction {
    accepted_by("", document)
}

fn refused(document: &str) -> Refusal {
    match decided("", document).outcome {
        Outcome::Reject(refusal) => refusal,
        other => panic!("{document} gave {other:?}"),
    }
}

/// Code and field of a refusal.
fn refused_at(document: &str) -> (String, String) {
    let refusal = refused(document);
    (refusal.code, refusal.field.unwrap_or_default())
}

/// The document with something else in one place, which has to be there.
fn with(document: &str, from: &str, to: &str) -> String {
    assert!(document.contains(from), "{from} is not in {document}");
    document.replacen(from, to, 1)
}

/// Two lines, an allowance, a charge, two categories of VAT, what was paid before, and rounding.
const UBL: &str = "<?xml version='1.0' encoding='UTF-8'?>
<i:Invoice xmlns:i='urn:oasis:names:specification:ubl:schema:xsd:Invoice-2' \
  xmlns='urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2' \
  xmlns:a='urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2'>
 <CustomizationID>urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0</CustomizationID>
 <ID>R-7/2026</ID><IssueDate>2026-11-22</IssueDate><InvoiceTypeCode>380</InvoiceTypeCode>
 <DocumentCurrencyCode>EUR</DocumentCurrencyCode>
 <a:AccountingSupplierParty><a:Party>
  <EndpointID schemeID='9934'>12345678901</EndpointID>
  <a:PartyTaxScheme><CompanyID>TAX-1</CompanyID><a:TaxScheme><ID>TAX</ID></a:TaxScheme></a:PartyTaxScheme>
  <a:PartyTaxScheme><CompanyID>HR12345678901</CompanyID><a:TaxScheme><ID>VAT</ID></a:TaxScheme></a:PartyTaxScheme>
 </a:Party></a:AccountingSupplierParty>
 <a:AccountingCustomerParty><a:Party><EndpointID schemeID='9934'>10987654321</EndpointID>
  <a:PartyTaxScheme><CompanyID>HR10987654321</CompanyID><a:TaxScheme><ID>VAT</ID></a:TaxScheme></a:PartyTaxScheme>
 </a:Party></a:AccountingCustomerParty>
 <a:AllowanceCharge><ChargeIndicator>false</ChargeIndicator><Amount currencyID='EUR'>10.00</Amount></a:AllowanceCharge>
 <a:AllowanceCharge><ChargeIndicator>1</ChargeIndicator><Amount currencyID='EUR'>5</Amount></a:AllowanceCharge>
 <a:TaxTotal><TaxAmount currencyID='EUR'>24.10</TaxAmount>
  <a:TaxSubtotal><TaxableAmount currencyID='EUR'>95.00</TaxableAmount><TaxAmount currencyID='EUR'>23.75</TaxAmount></a:TaxSubtotal>
  <a:TaxSubtotal><TaxableAmount currencyID='EUR'>7.00</TaxableAmount><TaxAmount currencyID='EUR'>0.35</TaxAmount></a:TaxSubtotal>
 </a:TaxTotal>
 <a:LegalMonetaryTotal><LineExtensionAmount currencyID='EUR'>107.00</LineExtensionAmount>
  <TaxExclusiveAmount currencyID='EUR'>102.00</TaxExclusiveAmount>
  <TaxInclusiveAmount currencyID='EUR'>126.10</TaxInclusiveAmount>
  <AllowanceTotalAmount currencyID='EUR'>10.00</AllowanceTotalAmount>
  <ChargeTotalAmount currencyID='EUR'>5.00</ChargeTotalAmount>
  <PrepaidAmount currencyID='EUR'>26.00</PrepaidAmount>
  <PayableRoundingAmount currencyID='EUR'>-0.10</PayableRoundingAmount>
  <PayableAmount currencyID='EUR'>100.00</PayableAmount></a:LegalMonetaryTotal>
 <a:InvoiceLine><ID>1</ID><LineExtensionAmount currencyID='EUR'>100.00</LineExtensionAmount>
  <a:AllowanceCharge><ChargeIndicator>false</ChargeIndicator><Amount currencyID='EUR'>3</Amount></a:AllowanceCharge>
  <a:Price><PriceAmount currencyID='EUR'>1.0300001</PriceAmount></a:Price></a:InvoiceLine>
 <a:InvoiceLine><ID>2</ID><LineExtensionAmount currencyID='EUR'>7.00</LineExtensionAmount>
  <a:SubInvoiceLine><LineExtensionAmount currencyID='EUR'>7.00</LineExtensionAmount></a:SubInvoiceLine></a:InvoiceLine>
</i:Invoice>";

/// The same as a Cross Industry Invoice, with a charge for logistics, a group and a line that only informs.
const CII: &str = "<?xml version='1.0' encoding='UTF-8'?>
<q:CrossIndustryInvoice xmlns:q='urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100' \
  xmlns='urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100' \
  xmlns:u='urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100'>
 <q:ExchangedDocumentContext><GuidelineSpecifiedDocumentContextParameter>
  <ID>urn:cen.eu:en16931:2017</ID></GuidelineSpecifiedDocumentContextParameter></q:ExchangedDocumentContext>
 <q:ExchangedDocument><ID>R-7/2026</ID><TypeCode>380</TypeCode>
  <IssueDateTime><u:DateTimeString format='102'>20261122</u:DateTimeString></IssueDateTime></q:ExchangedDocument>
 <q:SupplyChainTradeTransaction>
  <IncludedSupplyChainTradeLineItem><AssociatedDocumentLineDocument><LineID>1</LineID>
    <LineStatusReasonCode>DETAIL</LineStatusReasonCode></AssociatedDocumentLineDocument>
   <SpecifiedLineTradeAgreement><NetPriceProductTradePrice><ChargeAmount>1.0300001</ChargeAmount>
   </NetPriceProductTradePrice></SpecifiedLineTradeAgreement>
   <SpecifiedLineTradeSettlement><SpecifiedTradeSettlementLineMonetarySummation><LineTotalAmount>100.00</LineTotalAmount>
   </SpecifiedTradeSettlementLineMonetarySummation></SpecifiedLineTradeSettlement></IncludedSupplyChainTradeLineItem>
  <IncludedSupplyChainTradeLineItem><AssociatedDocumentLineDocument><LineID>2</LineID></AssociatedDocumentLineDocument>
   <SpecifiedLineTradeSettlement><SpecifiedTradeSettlementLineMonetarySummation><LineTotalAmount>7</LineTotalAmount>
   </SpecifiedTradeSettlementLineMonetarySummation></SpecifiedLineTradeSettlement></IncludedSupplyChainTradeLineItem>
  <IncludedSupplyChainTradeLineItem><AssociatedDocumentLineDocument><LineID>3</LineID>
    <LineStatusReasonCode>GROUP</LineStatusReasonCode></AssociatedDocumentLineDocument>
   <SpecifiedLineTradeSettlement><SpecifiedTradeSettlementLineMonetarySummation><LineTotalAmount>107</LineTotalAmount>
   </SpecifiedTradeSettlementLineMonetarySummation></SpecifiedLineTradeSettlement></IncludedSupplyChainTradeLineItem>
  <ApplicableHeaderTradeAgreement><SellerTradeParty>
   <URIUniversalCommunication><URIID schemeID='9934'>12345678901</URIID></URIUniversalCommunication>
   <SpecifiedTaxRegistration><ID schemeID='FC'>TAX-1</ID></SpecifiedTaxRegistration>
   <SpecifiedTaxRegistration><ID schemeID='VA'>HR12345678901</ID></SpecifiedTaxRegistration></SellerTradeParty>
   <BuyerTradeParty><SpecifiedTaxRegistration><ID schemeID='VA'>HR10987654321</ID></SpecifiedTaxRegistration></BuyerTradeParty>
  </ApplicableHeaderTradeAgreement>
  <ApplicableHeaderTradeSettlement><InvoiceCurrencyCode>EUR</InvoiceCurrencyCode>
   <ApplicableTradeTax><CalculatedAmount>23.75</CalculatedAmount><BasisAmount>95.00</BasisAmount></ApplicableTradeTax>
   <ApplicableTradeTax><CalculatedAmount>0.35</CalculatedAmount><BasisAmount>7.00</BasisAmount></ApplicableTradeTax>
   <SpecifiedTradeAllowanceCharge><ChargeIndicator><u:Indicator>false</u:Indicator></ChargeIndicator>
    <ActualAmount>10.00</ActualAmount></SpecifiedTradeAllowanceCharge>
   <SpecifiedTradeAllowanceCharge><ChargeIndicator><u:Indicator>true</u:Indicator></ChargeIndicator>
    <ActualAmount>2.00</ActualAmount></SpecifiedTradeAllowanceCharge>
   <SpecifiedLogisticsServiceCharge><AppliedAmount>3.00</AppliedAmount></SpecifiedLogisticsServiceCharge>
   <SpecifiedTradeSettlementHeaderMonetarySummation><LineTotalAmount>107.00</LineTotalAmount>
    <ChargeTotalAmount>5.00</ChargeTotalAmount><AllowanceTotalAmount>10.00</AllowanceTotalAmount>
    <TaxBasisTotalAmount>102.00</TaxBasisTotalAmount><TaxTotalAmount currencyID='EUR'>24.10</TaxTotalAmount>
    <RoundingAmount>-0.10</RoundingAmount><GrandTotalAmount>126.10</GrandTotalAmount>
    <TotalPrepaidAmount>26.00</TotalPrepaidAmount><DuePayableAmount>100.00</DuePayableAmount>
   </SpecifiedTradeSettlementHeaderMonetarySummation>
  </ApplicableHeaderTradeSettlement>
 </q:SupplyChainTradeTransaction>
</q:CrossIndustryInvoice>";
