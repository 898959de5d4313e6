//! Messages of our own making, one of each kind.

/// A pain.001 with two blocks, of two payments and of one.
pub(super) const PAIN_001: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09">
  <CstmrCdtTrfInitn>
    <GrpHdr>
      <MsgId>M-1</MsgId><CreDtTm>2026-11-20T10:00:00</CreDtTm>
      <NbOfTxs>3</NbOfTxs><CtrlSum>111.75</CtrlSum>
      <InitgPty><Nm>Shop</Nm></InitgPty>
    </GrpHdr>
    <PmtInf>
      <PmtInfId>P-1</PmtInfId><PmtMtd>TRF</PmtMtd>
      <NbOfTxs>2</NbOfTxs><CtrlSum>101.75</CtrlSum>
      <ReqdExctnDt><Dt>2026-11-23</Dt></ReqdExctnDt>
      <Dbtr><Nm>Shop</Nm></Dbtr>
      <DbtrAcct><Id><IBAN>HR1210010051863000160</IBAN></Id><Ccy>EUR</Ccy></DbtrAcct>
      <DbtrAgt><FinInstnId><BICFI>BANKHR2X</BICFI></FinInstnId></DbtrAgt>
      <CdtTrfTxInf>
        <PmtId><InstrId>I-1</InstrId><EndToEndId>E-1</EndToEndId></PmtId>
        <Amt><InstdAmt Ccy="EUR">100.00</InstdAmt></Amt>
        <CdtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></CdtrAcct>
      </CdtTrfTxInf>
      <CdtTrfTxInf>
        <PmtId><EndToEndId>E-2</EndToEndId></PmtId>
        <Amt><EqvtAmt><Amt Ccy="USD">1.75</Amt><CcyOfTrf>EUR</CcyOfTrf></EqvtAmt></Amt>
      </CdtTrfTxInf>
    </PmtInf>
    <PmtInf>
      <PmtInfId>P-2</PmtInfId><PmtMtd>TRF</PmtMtd>
      <ReqdExctnDt><DtTm>2026-11-24T23:30:00-05:00</DtTm></ReqdExctnDt>
      <DbtrAcct><Id><Othr><Id>12345678</Id><SchmeNm><Cd>BBAN</Cd></SchmeNm></Othr></Id></DbtrAcct>
      <CdtTrfTxInf>
        <PmtId><EndToEndId>E-1</EndToEndId></PmtId>
        <Amt><InstdAmt Ccy="EUR">10</InstdAmt></Amt>
      </CdtTrfTxInf>
    </PmtInf>
  </CstmrCdtTrfInitn>
</Document>
"#;

/// A pain.008 with a collection.
pub(super) const PAIN_008: &str = r#"<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.008.001.02"><CstmrDrctDbtInitn>
  <GrpHdr><MsgId>M-8</MsgId><NbOfTxs>1</NbOfTxs></GrpHdr>
  <PmtInf>
    <PmtInfId>P-8</PmtInfId><PmtMtd>DD</PmtMtd><ReqdColltnDt>2026-11-25</ReqdColltnDt>
    <CdtrAcct><Id><IBAN>HR1210010051863000160</IBAN></Id></CdtrAcct>
    <DrctDbtTxInf>
      <PmtId><EndToEndId>NOTPROVIDED</EndToEndId></PmtId>
      <InstdAmt Ccy="EUR">54.99</InstdAmt>
      <DbtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></DbtrAcct>
    </DrctDbtTxInf>
  </PmtInf>
</CstmrDrctDbtInitn></Document>"#;

/// A pacs.008 with two payments.
pub(super) const PACS_008: &str = r#"<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf>
  <GrpHdr>
    <MsgId>B-1</MsgId><NbOfTxs>2</NbOfTxs><CtrlSum>30.5</CtrlSum>
    <TtlIntrBkSttlmAmt Ccy="EUR">30.50</TtlIntrBkSttlmAmt><IntrBkSttlmDt>2026-11-23</IntrBkSttlmDt>
    <SttlmInf><SttlmMtd>CLRG</SttlmMtd></SttlmInf>
  </GrpHdr>
  <CdtTrfTxInf>
    <PmtId><EndToEndId>E-1</EndToEndId><TxId>T-1</TxId></PmtId>
    <IntrBkSttlmAmt Ccy="EUR">10.50</IntrBkSttlmAmt>
    <InstdAmt Ccy="USD">12.00</InstdAmt>
    <DbtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></DbtrAcct>
    <CdtrAcct><Id><IBAN>HR1210010051863000160</IBAN></Id></CdtrAcct>
  </CdtTrfTxInf>
  <CdtTrfTxInf>
    <PmtId><EndToEndId>E-2</EndToEndId><UETR>eb6305c9-1f7f-49de-aed0-16487c27b42d</UETR></PmtId>
    <IntrBkSttlmAmt Ccy="EUR">20</IntrBkSttlmAmt><IntrBkSttlmDt>2026-11-23</IntrBkSttlmDt>
    <CdtrAcct><Id><Othr><Id>77</Id></Othr></Id></CdtrAcct>
  </CdtTrfTxInf>
</FIToFICstmrCdtTrf></Document>"#;

/// A pacs.003 with a collection.
pub(super) const PACS_003: &str = r#"<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.003.001.02"><FIToFICstmrDrctDbt>
  <GrpHdr><MsgId>B-3</MsgId><NbOfTxs>1</NbOfTxs></GrpHdr>
  <DrctDbtTxInf>
    <PmtId><EndToEndId>E-3</EndToEndId><TxId>T-3</TxId></PmtId>
    <IntrBkSttlmAmt Ccy="EUR">7.00</IntrBkSttlmAmt><IntrBkSttlmDt>2026-11-26</IntrBkSttlmDt>
    <CdtrAcct><Id><IBAN>HR1210010051863000160</IBAN></Id></CdtrAcct>
    <DbtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></DbtrAcct>
  </DrctDbtTxInf>
</FIToFICstmrDrctDbt></Document>"#;

/// A pacs.004 that returns a credit transfer and a direct debit.
pub(super) const PACS_004: &str = r#"<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.004.001.09"><PmtRtr>
  <GrpHdr>
    <MsgId>R-1</MsgId><NbOfTxs>2</NbOfTxs>
    <TtlRtrdIntrBkSttlmAmt Ccy="EUR">17.50</TtlRtrdIntrBkSttlmAmt><IntrBkSttlmDt>2026-11-27</IntrBkSttlmDt>
  </GrpHdr>
  <OrgnlGrpInf><OrgnlMsgId>B-1</OrgnlMsgId><OrgnlMsgNmId>pacs.008.001.08</OrgnlMsgNmId></OrgnlGrpInf>
  <TxInf>
    <RtrId>RT-1</RtrId><OrgnlTxId>T-1</OrgnlTxId>
    <RtrdIntrBkSttlmAmt Ccy="EUR">10.50</RtrdIntrBkSttlmAmt>
    <OrgnlTxRef>
      <DbtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></DbtrAcct>
      <CdtrAcct><Id><IBAN>HR1210010051863000160</IBAN></Id></CdtrAcct>
    </OrgnlTxRef>
  </TxInf>
  <TxInf>
    <OrgnlGrpInf><OrgnlMsgId>B-3</OrgnlMsgId><OrgnlMsgNmId>pacs.003.001.02</OrgnlMsgNmId></OrgnlGrpInf>
    <OrgnlTxId>T-3</OrgnlTxId>
    <RtrdIntrBkSttlmAmt Ccy="EUR">7.00</RtrdIntrBkSttlmAmt>
    <OrgnlTxRef>
      <DbtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></DbtrAcct>
      <CdtrAcct><Id><IBAN>HR1210010051863000160</IBAN></Id></CdtrAcct>
    </OrgnlTxRef>
  </TxInf>
</PmtRtr></Document>"#;

/// A camt.053 with three booked entries and one that is pending.
pub(super) const CAMT_053: &str = r#"<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
  <GrpHdr><MsgId>S-1</MsgId><CreDtTm>2026-11-23T20:00:00</CreDtTm>
    <MsgPgntn><PgNb>1</PgNb><LastPgInd>true</LastPgInd></MsgPgntn></GrpHdr>
  <Stmt>
    <Id>2026-227</Id>
    <Acct><Id><IBAN>HR1210010051863000160</IBAN></Id><Ccy>EUR</Ccy></Acct>
    <Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">5.00</Amt><CdtDbtInd>DBIT</CdtDbtInd></Bal>
    <Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">92.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>
    <TxsSummry>
      <TtlNtries><NbOfNtries>4</NbOfNtries><Sum>143</Sum>
        <TtlNetNtry><Amt>137.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></TtlNetNtry></TtlNtries>
      <TtlCdtNtries><NbOfNtries>3</NbOfNtries><Sum>140.00</Sum></TtlCdtNtries>
      <TtlDbtNtries><NbOfNtries>1</NbOfNtries><Sum>3.00</Sum></TtlDbtNtries>
    </TxsSummry>
    <Ntry>
      <NtryRef>1</NtryRef><Amt Ccy="EUR">90.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
      <BookgDt><Dt>2026-11-23</Dt></BookgDt><ValDt><Dt>2026-11-24</Dt></ValDt>
      <AcctSvcrRef>R/1</AcctSvcrRef>
      <NtryDtls><TxDtls><Refs><AcctSvcrRef>inner</AcctSvcrRef></Refs><Amt Ccy="USD">99</Amt></TxDtls></NtryDtls>
    </Ntry>
    <Ntry>
      <NtryRef>2</NtryRef><Amt Ccy="EUR">3.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><RvslInd>true</RvslInd>
      <Sts><Cd>BOOK</Cd></Sts><ValDt><DtTm>2026-11-23T12:00:00+01:00</DtTm></ValDt>
    </Ntry>
    <Ntry>
      <Amt Ccy="EUR">10.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
      <BookgDt><Dt>2026-11-23</Dt></BookgDt><AcctSvcrRef>NONREF</AcctSvcrRef>
    </Ntry>
    <Ntry>
      <Amt Ccy="EUR">40.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>PDNG</Cd></Sts>
    </Ntry>
  </Stmt>
</BkToCstmrStmt></Document>"#;
