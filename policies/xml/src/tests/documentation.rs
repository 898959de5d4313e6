//! The examples of the documentation: each is taken, and becomes the transactions that stand below it.

use described::testing::try_page;

use crate::Xml;

#[test]
fn messages_of_the_documentation_become_the_transactions_below_them() {
    try_page::<Xml>(include_str!("../../../../docs/formats/xml.md"), "xml");
}
