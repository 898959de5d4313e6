//! What partners are answered, and how they are told what the gateway refuses.

use tallygate_policy::{Continuation, Message, Outcome, Policy, Refusal, Reply};

use super::{PLAIN, configured, outcome, plain};

fn told(config: &str, file: &str, refusal: Refusal, context: &str) -> Option<Reply> {
    configured(config).fault(Message { context: context.into(), ..Message::for_test(file).build() }, refusal)
}

#[test]
fn what_the_gateway_refuses_is_named_where_it_stands_in_the_file() {
    let file = "id,day,key,amount\na,2026-11-22,k,1\n\n\"b\n\",2026-11-23,k,2\nc,2026-11-24,k,3\n";
    for (field, name) in [
        ("transactions/0/day", "line 2/day"),
        ("transactions/1/id", "line 4/id"),
        ("transactions/2/amount", "line 6/amount"),
        ("transactions/2", "line 6"),
    ] {
        let reply = told(&plain(""), file, Refusal::new(422, "transaction-not-valid", "x").at(field), "");
        let body = String::from_utf8(reply.expect(field).body).expect("UTF-8");
        assert!(body.contains(&format!("\"field\":\"{name}\"")), "{body}");
    }
    assert_eq!(told(&plain(""), file, Refusal::new(401, "unauthorised", "x"), ""), None);
}

#[test]
fn replies_are_as_configured() {
    let config = plain(
        r#""reply":{"status":200,"type":"text/csv","body":"OK;{accepted};{id}\n"},"refusal":{"type":"text/csv","body":"NO;{id};{field};{detail}\n"},"#,
    );
    let Outcome::Accept(accepted) = outcome(&config, PLAIN) else { panic!("not accepted") };
    let Continuation::Reply(reply) = accepted.then else { panic!("it goes on") };
    assert_eq!((reply.status, &*reply.body, &*reply.headers[0].value), (200, &b"OK;1;a\n"[..], &b"text/csv"[..]));
    let decision = configured(&config).handle(Message::for_test(PLAIN.replace("12.50", "x")).build());
    let Outcome::Reject(refusal) = decision.outcome else { panic!("not refused") };
    let reply = told(&config, "", refusal, std::str::from_utf8(&decision.context).expect("UTF-8")).expect("a reply");
    let body = String::from_utf8(reply.body).expect("UTF-8");
    assert_eq!(body, "NO;a;line 2/amount;`line 2/amount`: it is no amount such as 1234.50\n");
}
