//! The examples of the documentation: each is taken, and becomes the transactions that stand below it.

use tallygate_policy::{Message, Outcome, Policy};

use crate::Csv;

const PAGE: &str = include_str!("../../../../docs/formats/csv.md");

/// The blocks of a language on the page, with what stands behind each.
fn blocks(language: &str) -> Vec<(&'static str, &'static str)> {
    let begins = ["```", language, "\n"].concat();
    PAGE.split(&*begins).skip(1).filter_map(|block| block.split_once("\n```\n")).collect()
}

#[test]
fn messages_of_the_documentation_become_the_transactions_below_them() {
    let mut tried = 0;
    for (toml, behind) in blocks("toml") {
        let config: serde_json::Value = toml::from_str(toml).expect(toml);
        // Examples within a gateway's configuration are tried by others.
        if config.get("fields").is_none() {
            continue;
        }
        let policy = Csv::configure(&config.to_string()).map_err(|fault| fault.detail).expect(toml);
        let Some((message, table)) = behind.split_once("```csv\n").and_then(|(_, rest)| rest.split_once("\n```\n"))
        else {
            panic!("no message behind {toml}")
        };
        let Outcome::Accept(accepted) = policy.handle(Message::for_test(message).build()).outcome else {
            panic!("not taken: {message}")
        };
        let rows =
            table.lines().skip_while(|line| !line.starts_with("|---")).skip(1).take_while(|line| line.starts_with('|'));
        let expected: Vec<String> = rows.map(|row| row.replace('`', "")).collect();
        let made = accepted.transactions.iter().map(|one| {
            let day = one.day.as_deref().unwrap_or_default();
            format!("| {} | {day} | {} | {} |", one.id, one.key, one.amount)
        });
        assert_eq!(made.collect::<Vec<_>>(), expected);
        tried += 1;
    }
    assert!(tried > 0);
}
