//! Configurations that cannot be meant, and what is told of them.

use tallygate_policy::Policy;

use super::plain;
use crate::Csv;

#[test]
fn a_configuration_that_cannot_be_meant_is_refused_by_name() {
    let fault = |config: &str| match Csv::configure(config) {
        Ok(_) => panic!("{config} was taken"),
        Err(fault) => (fault.pointer, fault.detail),
    };
    for (more, at, told) in [
        (r#""delimter":";","#, "/delimter", "the key `delimter` is unknown, perhaps `delimiter` was meant"),
        (r#""delimiter":";;","#, "/delimiter", "it is `;;`, and would be one character of ASCII, such as `;`"),
        (
            r#""delimiter":"\"","#,
            "/quote",
            "it is `\\\"`, and would be one sign, another than the delimiter, or nothing",
        ),
        (r#""encoding":"utf-7","#, "/encoding", "`utf-7` is no encoding that is known; taken are UTF-8"),
        (r#""header":"yes","#, "/header", "it is a text, and would be true or false"),
        (r#""skip_lines":1,"skip_to":"id","#, "/skip_to", "`skip_lines` is there too"),
        (r#""decimal":";","#, "/decimal", "it is `;`, and would be `.` or `,`"),
        (r#""thousands":".","#, "/thousands", "it is `.`, and would be one character, another than `.`"),
        (r#""date":"tt.mm.jjjj","#, "/date", "`tt` means nothing in a form"),
        (r#""date":["iso","iso"],"#, "/date/1", "a date in this form may be one in the form `iso` too"),
        (
            r#""zone":"Europe/Berln","#,
            "/zone",
            "`Europe/Berln` is no zone that is known, perhaps `Europe/Berlin` was meant",
        ),
        (
            r#""header":false,"#,
            "/fields/id",
            "it is `id`, and would be a number: without a header columns have no names",
        ),
        (r#""sign":{"field":"S","negative":["D"]},"#, "/sign/positive", "it is missing"),
        (
            r#""sign":{"field":"S","negative":["D"],"positive":["D"]},"#,
            "/sign/negative/0",
            "`D` is among the positive ones too",
        ),
        (
            r#""sign":{"field":"S","negative":["D"],"positive":["C"],"own":"x"},"#,
            "/sign/own",
            "it is `x`, and would be `refused`, `turned` or `kept`",
        ),
        (r#""filter":[{"field":"S"}],"#, "/filter/0", "it has neither `in` nor `not_in`"),
        (
            r#""filter":[{"field":{"pth":"S"},"in":[]}],"#,
            "/filter/0/field",
            "it would be a path, or a table with one of",
        ),
        (
            r#""filter":[{"field":{"path":"S","mp":{}},"in":[]}],"#,
            "/filter/0/field/mp",
            "the key `mp` is unknown, perhaps `map` was meant",
        ),
        (
            r#""totals":[{"sum":"amount"}],"#,
            "/totals/0/sum",
            "it stands within a record, and a total would stand above its records",
        ),
        (r#""totals":[{}],"#, "/totals/0", "it has neither `count` nor `sum`"),
        (
            r#""attributes":{"a":{"head":0}},"#,
            "/attributes/a/head",
            "it would be the number of a column, from 1 to 10000",
        ),
        (r#""reply":{"body":"{acepted}"},"#, "/reply/body", "`{acepted}` is no value, perhaps `{accepted}` was meant"),
        (r#""minor_units":{"EUR":10},"#, "/minor_units/EUR", "it is 10, and would be a whole number from 0 to 9"),
        (r#""rows":{"column":1,"record":["D"],"other":["D"]},"#, "/rows/other/0", "`D` is in `record` already"),
    ] {
        let (pointer, detail) = fault(&plain(more));
        assert!(pointer == at && detail.starts_with(told), "{more}: {pointer}: {detail}");
    }
    for (fields, at, told) in [
        (r#"{}"#, "/fields/id", "it is missing, and would be where the id is that a resend repeats"),
        (
            r#"{"id":"a","key":"b","currency":{"const":"EUR"},"amount":"c"}"#,
            "/fields/day",
            "it is missing, and would be where the day is; or `time`",
        ),
        (
            r#"{"id":"a","key":"b","currency":"c","day":"d","amont":"e"}"#,
            "/fields/amount",
            "it is missing, and would be where the amount is; the key `amont` is unknown",
        ),
        (
            r#"{"id":"a","key":"b","currency":"c","day":"d","amount":"a"}"#,
            "/fields/amount",
            "it is where the field `id` is; each would have a place of its own",
        ),
        (
            r#"{"id":{"join":[]},"key":"b","currency":"c","day":"d","amount":"e"}"#,
            "/fields/id/join",
            "it is empty; at least one path would be right",
        ),
        (
            r#"{"id":{"join":["x"],"with":""},"key":"b","currency":"c","day":"d","amount":"e"}"#,
            "/fields/id/with",
            "it is empty or has a `\\`",
        ),
        (
            r#"{"id":{"join":["x"],"wiht":"-"},"key":"b","currency":"c","day":"d","amount":"e"}"#,
            "/fields/id/wiht",
            "the key `wiht` is unknown, perhaps `with` was meant",
        ),
        (
            r#"{"id":"x","key":7.5,"currency":"c","day":"d","amount":"e"}"#,
            "/fields/key",
            "it is a number, and would be a path",
        ),
        (
            r#"{"id":"x","key":"b","currency":"c","time":{"path":"t","date":"dd.MM.yy HH:mm"},"amount":"e"}"#,
            "/zone",
            "it is missing, and times in the form `dd.MM.yy HH:mm` have no offset",
        ),
        (
            r#"{"id":"x","key":"b","currency":"c","day":"d","amount":{"credit":"e"}}"#,
            "/fields/amount/debit",
            "it is missing, and would be where debits are",
        ),
    ] {
        let (pointer, detail) = fault(&format!(r#"{{"fields":{fields}}}"#));
        assert!(pointer == at && detail.starts_with(told), "{fields}: {pointer}: {detail}");
    }
}
