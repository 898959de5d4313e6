//! Codes of document types (UNTDID 1001): which of them are credit notes, and which are invoices.

/// The credit notes that EN 16931 takes: what they state is owed the other way round.
const CREDIT_NOTES: [&str; 13] =
    ["81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "502", "503", "532"];

/// The invoices that EN 16931 takes, and 480, which Peppol's international model adds. Corrections (384) and debit notes
/// (383) are among them: their amounts are signed as they stand.
const INVOICES: [&str; 50] = [
    "71", "80", "82", "84", "102", "130", "202", "203", "204", "211", "218", "219", "295", "325", "326", "331", "380",
    "382", "383", "384", "385", "386", "387", "388", "389", "390", "393", "394", "395", "456", "457", "471", "472",
    "473", "480", "500", "501", "527", "553", "575", "623", "633", "751", "780", "817", "870", "875", "876", "877",
    "935",
];

pub(crate) fn is_credit_note(code: &str) -> bool {
    CREDIT_NOTES.contains(&code)
}

pub(crate) fn is_invoice(code: &str) -> bool {
    INVOICES.contains(&code)
}
