//! The document of a message: of which kind it is, and what may stand around it.

use tallygate_policy::Refusal;
use tallygate_policy::xml::{Element, Reader, XmlError};

use crate::cursor::Cursor;
use crate::mapping::{KINDS, Kind};

/// What comes before the kind in the namespaces of ISO 20022.
const ISO: &str = "urn:iso:std:iso:20022:tech:xsd:";
/// The same in those of the Swiss banks' own schemas, such as `…/pain.001.001.03.ch.02.xsd`.
const SWISS: &str = "http://www.six-interbank-clearing.com/de/";
/// The namespaces of a business application header begin so.
const HEADER: &str = "urn:iso:std:iso:20022:tech:xsd:head.001.";

/// Which kind of message a document holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity<'a> {
    pub(crate) kind: &'static Kind,
    /// The name of kind, variant and version, such as `pain.001.001.09`.
    pub(crate) name: &'a str,
    pub(crate) version: u8,
}

impl<'a> Identity<'a> {
    /// What a namespace says; none: it is none of the kinds that are read.
    pub(crate) fn of(namespace: &'a str) -> Option<Self> {
        let rest = match namespace.strip_prefix(ISO) {
            Some(rest) => rest,
            None => namespace.strip_prefix(SWISS)?.strip_suffix(".xsd")?,
        };
        let name = rest.get(.."pain.001.001.09".len())?;
        let behind = &rest[name.len()..];
        if !behind.is_empty() && (namespace.starts_with(ISO) || !behind.starts_with('.')) {
            return None;
        }
        let kind = KINDS.iter().find(|kind| name.starts_with(kind.name))?;
        let bytes = name.as_bytes();
        let is_number = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
        let is_form = bytes[8] == b'.' && is_number(&bytes[9..12]) && bytes[12] == b'.' && is_number(&bytes[13..]);
        let version = name[13..].parse().ok().filter(|_| is_form)?;
        Some(Self { kind, name, version })
    }

    /// Whether it is one of the versions before 2009, which told accounts and messages in another way.
    pub(crate) fn is_of_the_first(&self) -> bool {
        self.version < if self.kind.name == "pain.001" { 3 } else { 2 }
    }
}

/// Goes to the element in the one `Document` that holds the message: past an application header beside it, and into what
/// either is wrapped in.
pub(crate) fn enter<'a>(mut reader: Reader<'a>) -> Result<(Identity<'a>, Cursor<'a>), Refusal> {
    let root = reader.root()?;
    let Some(document) = find_document(&mut reader, root)? else {
        return Err(wrong("Document", "there is none in the message"));
    };
    let Some(identity) = Identity::of(document.namespace) else { return Err(of_no_kind(document.namespace)) };
    let message = reader.child()?.ok_or_else(|| wrong("Document", "it is empty"))?;
    let right = identity.kind.message;
    let first = message.local.strip_suffix("V01").is_some_and(|name| name == right && identity.version == 1);
    let is_it = message.local == right || message.local == identity.name || first;
    if message.namespace != document.namespace || !is_it {
        return Err(wrong(message.local, &format!("it would be {right} in the namespace of its Document")));
    }
    Ok((identity, Cursor::new(reader, document.namespace)))
}

/// Reads the rest behind the message's element, in which there is no further message.
pub(crate) fn finish(cursor: Cursor<'_>) -> Result<(), Refusal> {
    let mut reader = cursor.into_reader();
    if let Some(second) = reader.child()? {
        return Err(wrong(second.local, "it is a second message in one Document"));
    }
    // What wraps the document may go on.
    while reader.depth() > 0 {
        if let Some(next) = reader.child()?
            && find_document(&mut reader, next)?.is_some()
        {
            return Err(wrong("Document", "there is a second one in the message, and one at a time would be taken"));
        }
    }
    Ok(reader.finish()?)
}

/// Goes from an element that was entered to the first `Document`, which is it or is in it; none: there is none in it, and
/// it was left.
fn find_document<'a>(reader: &mut Reader<'a>, entered: Element<'a>) -> Result<Option<Element<'a>>, XmlError> {
    let outside = reader.depth().saturating_sub(1);
    let mut element = entered;
    while element.local != "Document" {
        if element.namespace.starts_with(HEADER) || !reader.child_follows()? {
            reader.skip()?;
        }
        element = loop {
            if reader.depth() == outside {
                return Ok(None);
            }
            if let Some(child) = reader.child()? {
                break child;
            }
        };
    }
    Ok(Some(element))
}

#[cold]
fn of_no_kind(namespace: &str) -> Refusal {
    let kinds = KINDS.each_ref().map(|kind| kind.name).join(", ");
    let shown = &namespace[..namespace.floor_char_boundary(100)];
    wrong("Document", &format!("its namespace is `{shown}`, and one of {ISO} with {kinds} would be taken"))
}

#[cold]
fn wrong(field: &str, detail: &str) -> Refusal {
    Refusal::new(422, "wrong-document", format!("`{field}`: {detail}")).at(field)
}
