//! The examples of the documentation: each is taken, and becomes the transactions that stand below it.

use described::testing::try_page;

use crate::Json;

#[test]
fn messages_of_the_documentation_become_the_transactions_below_them() {
    try_page::<Json>(include_str!("../../../../docs/formats/json.md"), "json");
}
