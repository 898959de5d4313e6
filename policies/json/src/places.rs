//! Where in a partner's body the gateway's places are, which count in the list of transactions that was read from it.

use tallygate_policy::scan;

use crate::fields::Field;
use crate::pointers::Node;
use crate::transactions;

/// The JSON Pointer of a place such as `transactions/3/amount`, as this policy's own refusals name it; none for any other.
pub(crate) fn pointer(place: &str, body: &[u8], root: &Node) -> Option<String> {
    let place = place.strip_prefix("transactions/")?;
    let (index, field) = place.split_once('/').map_or((place, None), |(index, field)| (index, Some(field)));
    let index: usize = index.parse().ok()?;
    let is_array = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let object = if is_array || index > 0 { format!("/{index}") } else { String::new() };
    let Some(field) = field else { return Some(object) };
    let (name, further) = field.split_once('/').map_or((field, String::new()), |(name, further)| {
        (name, format!("/{}", further.replace('~', "~0").replace('/', "~1")))
    });
    let field = *Field::ALL.iter().find(|field| field.name() == name)?;
    let field = if field == Field::Day && !has_day(index, body, root) { Field::Time } else { field };
    Some(format!("{object}{}{further}", root.pointer(field)?))
}

/// Whether a transaction brought its day, which follows from its time otherwise.
fn has_day(index: usize, body: &[u8], root: &Node) -> bool {
    let read = scan::text(body).ok().and_then(|body| transactions::read(body, root).ok());
    read.is_some_and(|read| read.get(index).is_some_and(|transaction| transaction.day.is_some()))
}
