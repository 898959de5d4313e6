//! What partners are answered: replies and refusals by the operator's own pattern.

use tallygate_policy::config::{Config, nearest};
use tallygate_policy::{ConfigFault, Header, Refusal, Reply, xml};

/// The replies that were configured.
#[derive(Debug, Clone)]
pub(crate) struct Replies {
    accepted: Option<Pattern>,
    refused: Option<Pattern>,
}

/// A reply whose body has places for values.
#[derive(Debug, Clone)]
struct Pattern {
    status: Option<u16>,
    content_type: String,
    body: Vec<Piece>,
    escape: Escape,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// A place among the values.
    Value(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escape {
    Json,
    Xml,
    None,
}

const ACCEPTED: &[&str] = &["accepted", "id", "request"];
const REFUSED: &[&str] = &["accepted", "id", "request", "status", "code", "field", "detail"];

impl Replies {
    /// Takes the keys `reply` and `refusal`.
    pub(crate) fn read(config: &mut Config) -> Result<Self, ConfigFault> {
        let accepted = Pattern::read(config, "reply", ACCEPTED, 200..=299)?;
        let refused = Pattern::read(config, "refusal", REFUSED, 200..=599)?;
        Ok(Self { accepted, refused })
    }

    /// The reply to what was accepted.
    pub(crate) fn accepted(&self, count: usize, id: &str, request: &str) -> Reply {
        let count = digits(count);
        match &self.accepted {
            None => Reply::json(202, ["{\"accepted\":", &*count, "}"].concat()),
            Some(pattern) => pattern.filled(202, &[&count, id, request]),
        }
    }

    /// The reply to what was refused, if one was configured.
    pub(crate) fn refused(&self, refusal: &Refusal, id: &str, request: &str) -> Option<Reply> {
        let pattern = self.refused.as_ref()?;
        let status = digits(refusal.status.into());
        let field = refusal.field.as_deref().unwrap_or_default();
        let mut reply =
            pattern.filled(refusal.status, &["0", id, request, &status, &refusal.code, field, &refusal.detail]);
        if let Some(seconds) = refusal.retry_after {
            reply.headers.push(Header::new("retry-after", seconds.to_string()));
        }
        Some(reply)
    }
}

impl Pattern {
    fn read(
        config: &mut Config,
        key: &str,
        names: &[&str],
        statuses: std::ops::RangeInclusive<u64>,
    ) -> Result<Option<Self>, ConfigFault> {
        let Some(given) = config.given(key) else { return Ok(None) };
        let mut section = given.section()?;
        let status = match section.number("status")? {
            None => None,
            Some(status) if statuses.contains(&status) => u16::try_from(status).ok(),
            Some(status) => {
                let (from, to) = (statuses.start(), statuses.end());
                let detail = format!("it is {status}, and would be from {from} to {to}");
                return Err(ConfigFault::at(format!("/{key}/status"), detail));
            }
        };
        let content_type = section.string("type")?.unwrap_or_else(|| "application/json".to_owned());
        if content_type.is_empty() || !content_type.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            let detail = "it is no content type, such as `text/xml; charset=utf-8`";
            return Err(ConfigFault::at(format!("/{key}/type"), detail));
        }
        let escape = match content_type.to_ascii_lowercase() {
            lower if lower.contains("xml") || lower.contains("html") => Escape::Xml,
            lower if lower.contains("json") => Escape::Json,
            _ => Escape::None,
        };
        let body = section.required_string("body", "the text, with `{accepted}` and `{id}` where they are to stand")?;
        let body = pieces(&body, names).map_err(|detail| ConfigFault::at(format!("/{key}/body"), detail))?;
        section.finish()?;
        Ok(Some(Self { status, content_type, body, escape }))
    }

    fn filled(&self, status: u16, values: &[&str]) -> Reply {
        let mut body = String::new();
        for piece in &self.body {
            match piece {
                Piece::Text(text) => body.push_str(text),
                Piece::Value(value) => self.escape.push(values.get(*value).copied().unwrap_or_default(), &mut body),
            }
        }
        Reply::new(self.status.unwrap_or(status), &self.content_type, body)
    }
}

impl Escape {
    fn push(self, value: &str, body: &mut String) {
        match self {
            Self::Xml => xml::escape(value, body),
            Self::None => body.push_str(value),
            Self::Json => {
                for letter in value.chars() {
                    match letter {
                        '"' | '\\' => body.extend(['\\', letter]),
                        '\0'..='\x1f' => {
                            let digit = |value: u32| char::from_digit(value, 16).unwrap_or('0');
                            body.push_str("\\u00");
                            body.extend([digit(letter as u32 >> 4), digit(letter as u32 & 15)]);
                        }
                        _ => body.push(letter),
                    }
                }
            }
        }
    }
}

/// The text between and the names in braces; what is no name in braces is text.
fn pieces(body: &str, names: &[&str]) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = body;
    while let Some(open) = rest.find('{') {
        let (before, behind) = rest.split_at(open);
        text.push_str(before);
        let name = behind[1..].split_once('}').map(|(name, _)| name);
        let name =
            name.filter(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
        let Some(name) = name else {
            text.push('{');
            rest = &behind[1..];
            continue;
        };
        let Some(value) = names.iter().position(|known| *known == name) else {
            let meant = nearest(name, names.iter().copied()).map(|meant| format!(", perhaps `{{{meant}}}` was meant"));
            let known: Vec<String> = names.iter().map(|name| format!("`{{{name}}}`")).collect();
            return Err(format!(
                "`{{{name}}}` is no value{}; known are {}",
                meant.unwrap_or_default(),
                known.join(", ")
            ));
        };
        pieces.push(Piece::Text(std::mem::take(&mut text)));
        pieces.push(Piece::Value(value));
        rest = &behind[name.len() + 2..];
    }
    text.push_str(rest);
    pieces.push(Piece::Text(text));
    Ok(pieces)
}

/// A number, written without the machinery of formatting, which each message would pay for.
fn digits(number: usize) -> String {
    let mut written = String::with_capacity(20);
    let digits = number.checked_ilog10().unwrap_or_default();
    for place in (0..=digits).rev() {
        written.push(char::from(b'0' + (number / 10_usize.pow(place) % 10) as u8));
    }
    written
}

#[cfg(test)]
mod tests {
    use super::{REFUSED, Replies, digits, pieces};
    use tallygate_policy::Refusal;
    use tallygate_policy::config::Config;

    fn replies(json: &str) -> Result<Replies, (String, String)> {
        let mut config = Config::parse(json).expect("an object");
        let replies = Replies::read(&mut config).map_err(|fault| (fault.pointer, fault.detail))?;
        config.finish().map(|()| replies).map_err(|fault| (fault.pointer, fault.detail))
    }

    #[test]
    fn numbers_are_written_in_full() {
        for number in [0, 1, 9, 10, 99, 100, 40_000, 100_000, 123_456_789, 4_294_967_295] {
            assert_eq!(digits(number), number.to_string());
        }
    }

    #[test]
    fn values_stand_where_their_names_do_and_are_escaped_by_type() {
        let text = |json: &str| {
            let replies = replies(json).expect(json);
            let accepted = replies.accepted(12, "a\"<b\n", "r-1");
            let refusal = Refusal::new(422, "wrong-amount", "it is \"x\"").at("a/b");
            let refused = replies.refused(&refusal, "7", "r-1").map(|reply| (reply.status, reply.body));
            let refused = refused.map(|(status, body)| (status, String::from_utf8(body).expect("UTF-8")));
            (accepted.status, String::from_utf8(accepted.body).expect("UTF-8"), refused)
        };
        assert_eq!(text("{}"), (202, "{\"accepted\":12}".into(), None));
        let xml = r#"{"reply":{"status":200,"type":"text/xml","body":"<ok n='{accepted}' id='{id}' r='{request}'/>"}}"#;
        assert_eq!(text(xml), (200, "<ok n='12' id='a&quot;&lt;b\n' r='r-1'/>".into(), None));
        let json = r#"{"reply":{"body":"{\"ids\":[\"{id}\"],\"x\":{},\"n\":{accepted}}"},
            "refusal":{"status":200,"type":"text/plain","body":"{status} {code} {field}: {detail} {id} {accepted}"}}"#;
        let refused = Some((200, "422 wrong-amount a/b: it is \"x\" 7 0".into()));
        assert_eq!(text(json), (202, r#"{"ids":["a\"<b\u000a"],"x":{},"n":12}"#.into(), refused));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (json, at, told) in [
            (
                r#"{"reply":{"body":"{acepted}"}}"#,
                "/reply/body",
                "`{acepted}` is no value, perhaps `{accepted}` was meant",
            ),
            (
                r#"{"reply":{"body":"{detail}"}}"#,
                "/reply/body",
                "`{detail}` is no value; known are `{accepted}`, `{id}`, `{request}`",
            ),
            (r#"{"reply":{"status":404,"body":""}}"#, "/reply/status", "it is 404, and would be from 200 to 299"),
            (r#"{"refusal":{"status":99,"body":""}}"#, "/refusal/status", "it is 99, and would be from 200 to 599"),
            (r#"{"reply":{"status":200}}"#, "/reply/body", "it is missing"),
            (r#"{"reply":{"body":"","type":"a\nb"}}"#, "/reply/type", "it is no content type"),
            (r#"{"reply":{"body":"","typ":""}}"#, "/reply/typ", "the key `typ` is unknown, perhaps `type` was meant"),
        ] {
            let (pointer, detail) = replies(json).expect_err(json);
            assert!(pointer == at && detail.starts_with(told), "{pointer}: {detail}");
        }
        assert!(pieces("{a b} {{x", REFUSED).is_ok());
    }
}
