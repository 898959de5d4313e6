//! Where in a message the gateway's places are, which count in the list of transactions that was read from it.

use crate::mapping::{Account, Kind, Shape};
use crate::reading::{self, Place};
use crate::settings::Settings;

/// The path of a place such as `transactions/3/amount`, as this policy's own refusals name it; none for any other.
pub(crate) fn in_message(field: &str, body: &[u8], settings: &Settings) -> Option<String> {
    let (index, field) = field.strip_prefix("transactions/")?.split_once('/')?;
    let (kind, place) = reading::place(body, settings, index.parse().ok()?)?;
    Some(path(kind, place, field))
}

fn path(kind: &Kind, place: Place, field: &str) -> String {
    let element = |name: &str, index: usize| format!("{name}[{}]", index + 1);
    let (transaction, amount, day, account, id) = match &kind.shape {
        Shape::Initiation(mapping) => {
            let block = element("PmtInf", place.block);
            let transaction = format!("{block}/{}", element(mapping.transaction, place.transaction));
            let amount = if mapping.is_choice { "Amt/InstdAmt" } else { "InstdAmt" };
            let (day, account) = (format!("{block}/{}", mapping.day), format!("{block}/{}/Id", mapping.account));
            (transaction, amount, day, account, "PmtId/EndToEndId")
        }
        Shape::Settlements(mapping) => {
            let transaction = element(mapping.transaction, place.transaction);
            let (account, id) = match mapping.account {
                Account::In(name) => (format!("{transaction}/{name}/Id"), "PmtId"),
                Account::OfOriginal => (format!("{transaction}/OrgnlTxRef"), ""),
            };
            (transaction.clone(), mapping.amount, format!("{transaction}/IntrBkSttlmDt"), account, id)
        }
        Shape::Statements(mapping) => {
            let block = element(mapping.statement, place.block);
            let transaction = format!("{block}/{}", element("Ntry", place.transaction));
            let (day, account) = (format!("{transaction}/BookgDt"), format!("{block}/Acct/Id"));
            (transaction, "Amt", day, account, "")
        }
    };
    match field {
        "day" | "time" => day,
        "key" => account,
        "amount" => format!("{transaction}/{amount}"),
        "currency" => format!("{transaction}/{amount}/@Ccy"),
        "id" if !id.is_empty() => format!("{transaction}/{id}"),
        _ => transaction,
    }
}
