//! What a policy changes of a message that goes on.

use crate::world::{Forwarded, Message};

impl Forwarded {
    /// Makes the changes; what the policy said nothing of stays as it was.
    pub fn apply(self, message: &mut Message) {
        let Self { method, target, set_headers, remove_headers, body } = self;
        let replaced = |name: &str| set_headers.iter().any(|set| set.name == name);
        message.headers.retain(|header| !remove_headers.contains(&header.name) && !replaced(&header.name));
        message.headers.extend(set_headers);
        if let Some(method) = method {
            message.method = method;
        }
        if let Some(target) = target {
            message.target = target;
        }
        if let Some(body) = body {
            message.body = body;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use crate::world::{Forwarded, Header, Message};

    fn headers(of: &[(&str, &str)]) -> Vec<Header> {
        of.iter().map(|(name, value)| Header { name: (*name).into(), value: (*value).into() }).collect()
    }

    fn message() -> Message {
        Message {
            id: "m-1".into(),
            received: "2026-11-22T18:20:54.123Z".into(),
            route: "route".into(),
            policy: "policy".into(),
            partner: None,
            method: "POST".into(),
            target: "/a".into(),
            headers: headers(&[("a", "1"), ("b", "1"), ("a", "2"), ("c", "1")]),
            body: b"body".to_vec(),
            facts: Vec::new(),
        }
    }

    #[test]
    fn what_is_named_changes_and_all_else_stays() {
        let mut changed = message();
        let forwarded = Forwarded {
            method: Some("PUT".into()),
            target: Some("/b".into()),
            set_headers: headers(&[("a", "3"), ("d", "1")]),
            remove_headers: vec!["c".into()],
            body: Some(b"other".to_vec()),
        };
        forwarded.apply(&mut changed);
        let expected = Message {
            method: "PUT".into(),
            target: "/b".into(),
            headers: headers(&[("b", "1"), ("a", "3"), ("d", "1")]),
            body: b"other".to_vec(),
            ..message()
        };
        assert_eq!(changed, expected);
    }

    #[test]
    fn what_is_not_named_goes_on_as_it_came() {
        let mut changed = message();
        let nothing = Forwarded { method: None, target: None, set_headers: vec![], remove_headers: vec![], body: None };
        nothing.apply(&mut changed);
        assert_eq!(changed, message());
    }
}
