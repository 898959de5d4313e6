//! What tests of a format need: the examples of its page, tried. Outside of wasm only.
#![allow(clippy::expect_used, reason = "a test ends with what it finds")]

use tallygate_policy::{Message, Outcome, Policy};

/// How a block ends.
const END: &str = "\n```\n";

/// Tries the descriptions of a page in TOML. Each is taken, and the message of this language behind it becomes the transactions of the
/// table below.
///
/// # Panics
/// When one does not, or there is none.
pub fn try_page<P: Policy>(page: &str, language: &str) {
    let mut tried = 0;
    for (toml, behind) in blocks(page, "toml") {
        let config: serde_json::Value = toml::from_str(toml).expect(toml);
        // Examples within a gateway's configuration are tried by others.
        if config.get("fields").is_none() {
            continue;
        }
        let policy = P::configure(&config.to_string()).map_err(|fault| fault.detail).expect(toml);
        let message = behind.split_once(&*begins(language)).and_then(|(_, rest)| rest.split_once(END));
        let Some((message, table)) = message else { panic!("no message behind {toml}") };
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

/// The blocks of a language, with what stands behind each up to the next.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<(&'p str, &'p str)> {
    page.split(&begins(language)).skip(1).filter_map(|block| block.split_once(END)).collect()
}

fn begins(language: &str) -> String {
    ["```", language, "\n"].concat()
}
