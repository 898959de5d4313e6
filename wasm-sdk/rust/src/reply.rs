//! Short ways to make replies and refusals, and to read a message.

use crate::world::tallygate::policy::types::{ConfigFault, Header, KeyUse, Message, Refusal, Reply};

impl Reply {
    /// A reply with a body of the given type.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![Header::new("content-type", content_type)], body: body.into(), extras: Vec::new() }
    }

    /// A reply of plain text.
    pub fn text(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body)
    }

    /// A reply of JSON that is written already.
    pub fn json(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, "application/json", body)
    }

    /// The reply with a further header; the name in lower case.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push(Header::new(name, value));
        self
    }
}

impl Header {
    /// A header; the name in lower case.
    pub fn new(name: &str, value: impl Into<Vec<u8>>) -> Self {
        Self { name: name.to_owned(), value: value.into() }
    }
}

impl Refusal {
    /// A refusal: a status from 400 on, a short name for programs such as `wrong-amount`, and for people what was wrong
    /// and what would be right.
    pub fn new(status: u16, code: &str, detail: impl Into<String>) -> Self {
        let (code, detail) = (code.to_owned(), detail.into());
        Self { status, code, detail, field: None, retry_after: None, extras: Vec::new() }
    }

    /// The refusal, naming the field.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// The problem document (RFC 9457) that the gateway makes of a refusal for which a policy has no form of its own. For a
    /// [`fault`](crate::Policy::fault) that only names the field in another way; `request` is the message's id.
    #[must_use]
    pub fn document(&self, request: &str) -> Reply {
        let code = &self.code;
        let mut document = String::from("{");
        let mut text = |name: &str, value: &str| {
            document.push_str(if document.len() > 1 { "," } else { "" });
            quoted(&mut document, name);
            document.push(':');
            quoted(&mut document, value);
        };
        text("type", &["urn:tallygate:problem:", code].concat());
        text("title", &code.replace('-', " "));
        text("detail", &self.detail);
        if let Some(field) = &self.field {
            text("field", field);
        }
        text("request", request);
        document.push_str(",\"status\":");
        document.push_str(&self.status.to_string());
        document.push('}');
        Reply::new(self.status, "application/problem+json", document)
    }
}

/// Appends a text as JSON has it (RFC 8259, 7).
fn quoted(json: &mut String, text: &str) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    json.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => json.extend(['\\', letter]),
            '\0'..='\x1f' => {
                json.push_str("\\u00");
                let byte = letter as usize;
                json.extend([DIGITS[byte >> 4], DIGITS[byte & 15]].map(char::from));
            }
            _ => json.push(letter),
        }
    }
    json.push('"');
}

impl Message {
    /// The first header of that name, which is in lower case; [`About::headers`](crate::About) must ask for it.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|header| header.name == name).map(|header| &*header.value)
    }
}

impl KeyUse {
    /// A key for [`host::sign_xml`](crate::host::sign_xml).
    #[must_use]
    pub fn sign_xml(name: &str) -> Self {
        Self { name: name.to_owned(), function: "sign-xml".to_owned() }
    }

    /// A key for [`host::hmac_sha256`](crate::host::hmac_sha256).
    #[must_use]
    pub fn hmac_sha256(name: &str) -> Self {
        Self { name: name.to_owned(), function: "hmac-sha256".to_owned() }
    }
}

impl ConfigFault {
    /// What is wrong at a place, which is a JSON Pointer such as `/oibs/3`; empty: the whole configuration.
    pub fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_as_a_document_is_json_whatever_its_texts_hold() {
        let refusal = Refusal::new(422, "transaction-not-valid", "is \"a\\b\", with a\nline end").at("/1/day");
        let reply = refusal.document("id-1");
        assert_eq!((reply.status, &*reply.headers[0].value), (422, &b"application/problem+json"[..]));
        let expected = r#"{"type":"urn:tallygate:problem:transaction-not-valid","title":"transaction not valid","detail":"is \"a\\b\", with a\u000aline end","field":"/1/day","request":"id-1","status":422}"#;
        assert_eq!(std::str::from_utf8(&reply.body).unwrap(), expected);
    }
}
