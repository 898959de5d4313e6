//! Many transactions of one message: ids that differ, and whether all of them fit into one message of the queue.

use crate::{Refusal, Transaction};

/// How many bytes the transactions of one message may come to, as the gateway writes them: a queue's message has 8 MiB at
/// most, of which 8 KiB are for what stands before them.
pub const BYTES: usize = 8 * 1024 * 1024 - 8 * 1024;

/// What the gateway writes around the values of a transaction, and the end of its line.
const AROUND: usize =
    "{\"id\":\"\",\"time\":\"\",\"day\":\"\",\"key\":\"\",\"amount\":\"\",\"currency\":\"\",\"type\":\"\",\
    \"partner\":\"\",\"attributes\":{}}\n"
        .len();
/// The same of an attribute.
const AROUND_ATTRIBUTE: usize = "\"\":\"\",".len();
const DAY: usize = "2026-11-22".len();

/// Puts a number behind each id: `/1`, and where several ids of the message are the same, `/2` and so on in their order. So
/// they differ, and the same message sent again has the same ones.
pub fn number_ids(transactions: &mut [Transaction]) {
    let mut order: Vec<u32> = (0..transactions.len() as u32).collect();
    order.sort_by(|one, other| transactions[*one as usize].id.cmp(&transactions[*other as usize].id));
    let mut numbers = vec![1_u32; transactions.len()];
    for pair in order.windows(2) {
        let [before, at] = [pair[0] as usize, pair[1] as usize];
        if transactions[before].id == transactions[at].id {
            numbers[at] = numbers[before] + 1;
        }
    }
    for (transaction, number) in transactions.iter_mut().zip(numbers) {
        let id = &mut transaction.id;
        id.push('/');
        for place in (0..=number.ilog10()).rev() {
            id.push(char::from(b'0' + (number / 10_u32.pow(place) % 10) as u8));
        }
    }
}

/// Checks that the transactions fit into one message of the queue, which takes all of them or none.
///
/// # Errors
/// 413 `message-too-large`, with the number of those that would fit. What stands in texts as an escape in JSON is longer there
/// than is reckoned here; of such a message it may still be the gateway that refuses it.
pub fn check_size(transactions: &[Transaction], partner: Option<&str>) -> Result<(), Refusal> {
    let each = AROUND + DAY + partner.map_or(0, str::len);
    let mut bytes = 0;
    for (fit, transaction) in transactions.iter().enumerate() {
        let Transaction { id, time, key, amount, currency, kind, attributes, .. } = transaction;
        bytes += each + [id, time, key, amount, currency, kind].iter().map(|text| text.len()).sum::<usize>();
        bytes += attributes.iter().map(|(name, value)| AROUND_ATTRIBUTE + name.len() + value.len()).sum::<usize>();
        if bytes > BYTES {
            let all = transactions.len();
            let detail = format!(
                "it has {all} transactions, of which the first {fit} fit into one message of the queue; \
                 in several messages, each of at most so many, it would be taken"
            );
            return Err(Refusal::new(413, "message-too-large", detail));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{BYTES, check_size, number_ids};
    use crate::Transaction;

    fn transaction(id: &str) -> Transaction {
        Transaction {
            id: id.into(),
            time: "2026-11-22T00:00:00Z".into(),
            day: Some("2026-11-22".into()),
            key: "HR123".into(),
            amount: "12.50".into(),
            currency: "EUR".into(),
            kind: "payment".into(),
            attributes: vec![("a".into(), "b".into())],
        }
    }

    #[test]
    fn equal_ids_are_numbered_in_their_order() {
        let mut transactions: Vec<_> = ["b", "a", "b", "b", "a/1"].into_iter().map(transaction).collect();
        for (key, transaction) in transactions.iter_mut().enumerate() {
            transaction.key = key.to_string();
        }
        number_ids(&mut transactions);
        let told: Vec<_> = transactions.iter().map(|transaction| (&*transaction.id, &*transaction.key)).collect();
        assert_eq!(told, [("b/1", "0"), ("a/1", "1"), ("b/2", "2"), ("b/3", "3"), ("a/1/1", "4")]);
        let mut many = vec![transaction("x"); 1234];
        number_ids(&mut many);
        assert_eq!((&*many[9].id, &*many[1233].id), ("x/10", "x/1234"));
        number_ids(&mut []);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_what_does() {
        let json = r#"{"id":"1","time":"2026-11-22T00:00:00Z","day":"2026-11-22","key":"HR123","amount":"12.50","currency":"EUR","type":"payment","partner":"shop-1","attributes":{"a":"b"}}"#;
        // The comma behind an attribute is reckoned for the last one too.
        let fit = BYTES / (json.len() + 2);
        let transactions = vec![transaction("1"); fit + 7];
        assert_eq!(check_size(&transactions[..fit], Some("shop-1")), Ok(()));
        let refusal = check_size(&transactions, Some("shop-1")).expect_err("too many");
        assert_eq!((refusal.status, &*refusal.code), (413, "message-too-large"));
        let right = format!("it has {} transactions, of which the first {fit} fit", fit + 7);
        assert!(refusal.detail.starts_with(&right), "{}", refusal.detail);
    }
}
