//! What of which message is which field of a transaction: the whole of the mapping.
//!
//! | field | pain.001, pain.008 | pacs.008, pacs.003, pacs.004 | camt.052, camt.053, camt.054 |
//! |---|---|---|---|
//! | a transaction is each | `PmtInf/CdtTrfTxInf`, `PmtInf/DrctDbtTxInf` | `CdtTrfTxInf`, `DrctDbtTxInf`, `TxInf` | booked `Ntry` of a `Rpt`, `Stmt`, `Ntfctn` |
//! | id | `GrpHdr/MsgId`, `PmtInfId`, `PmtId/EndToEndId` | `GrpHdr/MsgId`, and the first of [`Settlements::ids`] that is there | see [`crate::statements`] |
//! | day | `ReqdExctnDt`, `ReqdColltnDt` | `IntrBkSttlmDt`, its own or `GrpHdr`'s | `BookgDt`, else `ValDt` |
//! | key | `DbtrAcct`, `CdtrAcct` | `CdtrAcct`, `DbtrAcct`, that of the original | `Acct` |
//! | amount | `Amt/InstdAmt`, else `Amt/EqvtAmt/Amt`; `InstdAmt` | `IntrBkSttlmAmt`, `RtrdIntrBkSttlmAmt` | `Amt` |
//! | sign | + | +, and - of a return | `CdtDbtInd`: `CRDT` +, `DBIT` - |
//! | currency | `@Ccy` of the amount | the same | the same |
//!
//! An account is its `Id/IBAN`, else `Id/Othr/Id`. Behind every id stands a number, which counts those of a message that
//! are the same otherwise.

/// A kind of message: what its namespaces have in common, whatever the version.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// As the configuration and namespaces name it.
    pub(crate) name: &'static str,
    /// The element in `Document` that holds all of it. In the first versions its name ends in `V01`, or is that of the
    /// version, such as `pain.001.001.02`.
    pub(crate) message: &'static str,
    /// The type of its transactions.
    pub(crate) transaction_type: &'static str,
    /// Whether its transactions count unless the configuration says otherwise.
    pub(crate) counts: bool,
    pub(crate) shape: Shape,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Initiation(Initiation),
    Settlements(Settlements),
    Statements(Statements),
}

/// Payments that a customer asks its bank for: blocks `PmtInf` of one account and day each.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Initiation {
    pub(crate) transaction: &'static str,
    pub(crate) day: &'static str,
    pub(crate) account: &'static str,
    /// Whether the amount is a choice in an element `Amt`; else it is `InstdAmt` itself.
    pub(crate) is_choice: bool,
}

/// Payments between banks, with one header for all.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Settlements {
    pub(crate) transaction: &'static str,
    /// Which of these stands in the id: the first that is there.
    pub(crate) ids: &'static [&'static str],
    pub(crate) account: Account,
    pub(crate) amount: &'static str,
    /// The sum of the amounts in `GrpHdr`.
    pub(crate) total: &'static str,
}

/// Whose sum an interbank payment counts into.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Account {
    /// The account in that element.
    In(&'static str),
    /// That of the payment that is returned, and the amount is negative: in `OrgnlTxRef`, the creditor's of a credit
    /// transfer and the debtor's of a direct debit.
    OfOriginal,
}

/// Entries of accounts that a bank tells of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Statements {
    pub(crate) statement: &'static str,
    pub(crate) pagination: &'static str,
    /// Whether the entries are all that lies between the opening and the closing balance.
    pub(crate) balances: bool,
}

const INTERBANK_IDS: &[&str] = &["TxId", "UETR", "EndToEndId"];
const RETURN_IDS: &[&str] = &["RtrId", "OrgnlTxId", "OrgnlUETR", "OrgnlEndToEndId"];

/// All kinds that are read.
pub(crate) const KINDS: [Kind; 8] = [
    Kind {
        name: "pain.001",
        message: "CstmrCdtTrfInitn",
        transaction_type: "iso20022.pain.001",
        counts: true,
        shape: Shape::Initiation(Initiation {
            transaction: "CdtTrfTxInf",
            day: "ReqdExctnDt",
            account: "DbtrAcct",
            is_choice: true,
        }),
    },
    Kind {
        name: "pain.008",
        message: "CstmrDrctDbtInitn",
        transaction_type: "iso20022.pain.008",
        counts: true,
        shape: Shape::Initiation(Initiation {
            transaction: "DrctDbtTxInf",
            day: "ReqdColltnDt",
            account: "CdtrAcct",
            is_choice: false,
        }),
    },
    Kind {
        name: "pacs.008",
        message: "FIToFICstmrCdtTrf",
        transaction_type: "iso20022.pacs.008",
        counts: true,
        shape: Shape::Settlements(Settlements {
            transaction: "CdtTrfTxInf",
            ids: INTERBANK_IDS,
            account: Account::In("CdtrAcct"),
            amount: "IntrBkSttlmAmt",
            total: "TtlIntrBkSttlmAmt",
        }),
    },
    Kind {
        name: "pacs.003",
        message: "FIToFICstmrDrctDbt",
        transaction_type: "iso20022.pacs.003",
        counts: true,
        shape: Shape::Settlements(Settlements {
            transaction: "DrctDbtTxInf",
            ids: INTERBANK_IDS,
            account: Account::In("DbtrAcct"),
            amount: "IntrBkSttlmAmt",
            total: "TtlIntrBkSttlmAmt",
        }),
    },
    Kind {
        name: "pacs.004",
        message: "PmtRtr",
        transaction_type: "iso20022.pacs.004",
        counts: true,
        shape: Shape::Settlements(Settlements {
            transaction: "TxInf",
            ids: RETURN_IDS,
            account: Account::OfOriginal,
            amount: "RtrdIntrBkSttlmAmt",
            total: "TtlRtrdIntrBkSttlmAmt",
        }),
    },
    Kind {
        name: "camt.052",
        message: "BkToCstmrAcctRpt",
        transaction_type: "iso20022.camt.052",
        counts: false,
        shape: Shape::Statements(Statements { statement: "Rpt", pagination: "RptPgntn", balances: false }),
    },
    Kind {
        name: "camt.053",
        message: "BkToCstmrStmt",
        transaction_type: "iso20022.camt.053",
        counts: true,
        shape: Shape::Statements(Statements { statement: "Stmt", pagination: "StmtPgntn", balances: true }),
    },
    Kind {
        name: "camt.054",
        message: "BkToCstmrDbtCdtNtfctn",
        transaction_type: "iso20022.camt.054",
        counts: true,
        shape: Shape::Statements(Statements { statement: "Ntfctn", pagination: "NtfctnPgntn", balances: false }),
    },
];
