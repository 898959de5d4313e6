//! Configurations that cannot be meant, and what is told of them.

use tallygate_policy::Policy;

use crate::Xml;

#[test]
fn a_configuration_that_cannot_be_meant_is_refused_by_name() {
    let right = r#"{"records":"/o:orders/o:order","namespaces":{"o":"urn:o"},
        "fields":{"id":"o:id","day":"o:day","key":"o:key","amount":"o:amount","currency":"o:amount/@currency"}}"#;
    assert!(Xml::configure(right).is_ok());
    for (from, to, at, told) in [
        (
            "\"records\"",
            "\"record\"",
            "/records",
            "it is missing, and would be the path of the element that is a record, from the root; the key `record` is unknown",
        ),
        (
            "/o:orders/o:order",
            "o:orders/o:order",
            "/records",
            "`o:orders/o:order` would begin with `/` and the root element",
        ),
        ("/o:orders/o:order", "/o:orders/p:order", "/records", "the prefix `p` is not in `namespaces`"),
        ("/o:orders/o:order", "/o:orders//o:order", "/records", "`` is no name of an element"),
        ("/o:orders/o:order", "/o:orders/*", "/records", "`*` is no name of an element"),
        ("{\"o\":\"urn:o\"}", "{\"o\":\"\"}", "/namespaces/o", "it would be a namespace, such as `urn:example:orders`"),
        ("{\"o\":\"urn:o\"}", "{\"o\":[]}", "/namespaces/o", "it would be a namespace, such as `urn:example:orders`"),
        (
            "{\"o\":\"urn:o\"}",
            "{\"o\":7}",
            "/namespaces/o",
            "it is a number, and would be a namespace or a list of them",
        ),
        ("{\"o\":\"urn:o\"}", "{\"o\":\"urn:o\",\"a b\":\"urn:x\"}", "/namespaces/a b", "`a b` is no prefix"),
        (
            "{\"o\":\"urn:o\"}",
            "{\"oo\":\"urn:o\"}",
            "/records",
            "the prefix `o` is not in `namespaces`, perhaps `oo` was meant",
        ),
        ("\"o:id\"", "\"../../o:id\"", "/fields/id", "`../../o:id` leads out of the root element"),
        (
            "\"o:id\"",
            "\"/o:order/o:id\"",
            "/fields/id",
            "`/o:order/o:id` begins with another root element than `records`, which has `o:orders`",
        ),
        ("\"o:id\"", "\"o:a/../o:id\"", "/fields/id", "`o:a/../o:id` has a `..` behind a name"),
        (
            "\"o:id\"",
            "\"o:key/o:id\"",
            "/fields/key",
            "`o:key`: one path leads to the text of `o:key`, and another through it",
        ),
        ("\"o:id\"", "\"o:id@x\"", "/fields/id", "`o:id@x` is no name of an element"),
        ("\"o:id\"", "\"o:id/@o:x\"", "/fields/id", "`@o:x` is no name of an attribute in no namespace"),
        ("\"o:id\"", "\"o:id[1]\"", "/fields/id", "`[1]` is no condition that is known; `[@schemeID='VA']` or"),
        (
            "\"o:id\"",
            "{\"first\":[\"o:id[@a='1']\",\"o:id\"]}",
            "/fields/id/first/1",
            "`o:id` and `o:id[@a='1']` may be the same element",
        ),
        (
            "\"o:id\"",
            "{\"first\":[\"o:id[@a='1']\",\"o:id[@b='1']\"]}",
            "/fields/id/first/1",
            "`o:id[@b='1']` and `o:id[@a='1']` may be the same element",
        ),
        (
            "\"o:id\"",
            "{\"pth\":\"o:id\"}",
            "/fields/id",
            "it would be a path, or a table with one of path, const, first, join and ordinal",
        ),
        ("\"o:id\"", "7", "/fields/id", "it is 7, and would be a path, such as `Amt/InstdAmt`"),
        ("\"o:id\"", "\"\"", "/fields/id", "`` is no name of an element"),
        ("\"fields\"", "\"totals\":[{\"sum\":\"o:sum\"}],\"fields\"", "/totals/0/sum", "it stands within a record"),
        (
            "\"fields\"",
            "\"attributes\":{\"a\":\"/o:orders\"},\"fields\"",
            "/attributes/a",
            "`/o:orders`: one path leads to the text of `o:orders`, and another through it",
        ),
    ] {
        let config = right.replacen(from, to, 1);
        let Err(fault) = Xml::configure(&config) else { panic!("{config} was taken") };
        assert!(fault.pointer == at && fault.detail.starts_with(told), "{to}: {}: {}", fault.pointer, fault.detail);
    }
    let apart = right.replacen("\"o:id\"", "{\"first\":[\"o:id[@a='1']\",\"o:id[@a=\\\"2\\\"]\"]}", 1);
    assert!(Xml::configure(&apart).is_ok());
}
