//! Messages as banks and invoice programs make them, taken by description alone: their sums are those that an independent
//! reader finds. The samples are read where `TALLYGATE_SAMPLES` says, a folder with `expected.jsonl`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use tallygate_policy::decimal::Decimal;
use tallygate_policy::{Message, Outcome, Policy};

use super::configured;

/// What a message has somewhere, and how it is described.
const DESCRIPTIONS: &[(&str, &str)] = &[
    ("pain.001.001.03", include_str!("descriptions/pain.001-text-date.json")),
    ("pain.001.001.04", include_str!("descriptions/pain.001-text-date.json")),
    ("pain.001.001.05", include_str!("descriptions/pain.001-text-date.json")),
    ("pain.001.001.06", include_str!("descriptions/pain.001-text-date.json")),
    ("pain.001.001.07", include_str!("descriptions/pain.001-text-date.json")),
    ("pain.001.001.", include_str!("descriptions/pain.001.json")),
    ("pain.008.001.", include_str!("descriptions/pain.008.json")),
    ("camt.053.001.08", include_str!("descriptions/camt.053-code.json")),
    ("camt.053.001.", include_str!("descriptions/camt.053.json")),
    ("camt.054.001.08", include_str!("descriptions/camt.054-code.json")),
    ("camt.054.001.", include_str!("descriptions/camt.054.json")),
    ("schema:xsd:Invoice-2", include_str!("descriptions/ubl-invoice.json")),
    ("CrossIndustryInvoice:100", include_str!("descriptions/cii.json")),
    ("RacunZahtjev", include_str!("descriptions/hr-racun.json")),
];

type Sums = BTreeMap<(String, String, String), (Decimal, u64)>;

#[test]
fn every_description_is_one() {
    for (_, description) in DESCRIPTIONS {
        configured(description);
    }
}

#[test]
fn samples_are_taken_by_description_alone() {
    let Ok(folder) = std::env::var("TALLYGATE_SAMPLES") else {
        println!("TALLYGATE_SAMPLES names no folder of sample messages: none is tried");
        return;
    };
    let expected = std::fs::read_to_string(Path::new(&folder).join("expected.jsonl")).expect("expected.jsonl");
    let (mut taken, mut refused, mut others) = (0, 0, 0);
    for line in expected.lines() {
        let expected: Value = serde_json::from_str(line).expect("JSON");
        let file = expected["file"].as_str().expect("a file");
        let message = std::fs::read(Path::new(&folder).join(file)).expect(file);
        let text = String::from_utf8_lossy(&message);
        let description = DESCRIPTIONS.iter().find(|(mark, _)| text.contains(mark));
        let (Some((_, description)), false) = (description, expected["sums"].is_null()) else {
            others += 1;
            continue;
        };
        match configured(description).handle(Message::for_test(message.clone()).build()).outcome {
            Outcome::Accept(accepted) => {
                assert_eq!(sums(&accepted.transactions), right(&expected), "{file}");
                let mut ids: Vec<&str> = accepted.transactions.iter().map(|one| &*one.id).collect();
                ids.sort_unstable();
                ids.dedup();
                assert_eq!(ids.len(), accepted.transactions.len(), "{file}");
                taken += 1;
            }
            Outcome::Reject(refusal) => {
                println!("{file}: {}", refusal.detail);
                refused += 1;
            }
            other => panic!("{file}: {other:?}"),
        }
    }
    println!("{taken} taken with equal sums, {refused} refused by name, {others} not described");
    assert!(taken >= 10, "{taken} were taken");
}

fn sums(transactions: &[tallygate_policy::Transaction]) -> Sums {
    let mut sums = Sums::new();
    for one in transactions {
        let key = (one.day.clone().expect("a day"), one.key.clone(), one.currency.clone());
        let (sum, count) = sums.entry(key).or_default();
        *sum = sum.plus(one.amount.parse().expect("an amount")).expect("a sum");
        *count += 1;
    }
    sums
}

fn right(expected: &Value) -> Sums {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let sums = expected["sums"].as_array().expect("sums").iter();
    sums.map(|sum| {
        let key = (text(&sum["day"]), text(&sum["key"]), text(&sum["currency"]));
        (key, (text(&sum["sum"]).parse().expect("an amount"), sum["count"].as_u64().expect("a count")))
    })
    .collect()
}
