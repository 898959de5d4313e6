//! From the host's types into one block of a guest's memory, laid out as the canonical ABI has this world's records.

use crate::message::Header;
use crate::reply::Refusal;

use super::lower::{Seen, SeenResponse};

/// The bytes of the records in their lists and of those that are passed.
const HEADER: usize = 16;
const MESSAGE: usize = 104;
const REFUSAL: usize = 48;
const RESPONSE: usize = 20;
/// What a list of records may need so that it begins where one may.
const PADDING: usize = 4;

/// A block of a guest's memory that is being filled: what is passed in front, behind it whatever that points to.
pub(crate) struct Block<'b> {
    bytes: &'b mut [u8],
    /// Where it begins in the guest's memory.
    begins: u32,
    /// The first byte that is free.
    free: usize,
}

/// What is passed to a function.
pub(crate) enum Passed<'p> {
    /// A message, to be handled.
    Handle(&'p Seen<'p>),
    /// A message and a refusal of it.
    Fault(&'p Seen<'p>, &'p Refusal),
    /// A message and the response to it.
    Respond(&'p Seen<'p>, &'p SeenResponse<'p>),
}

impl Passed<'_> {
    /// How many bytes it needs.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Handle(seen) => MESSAGE + behind_message(seen),
            Self::Fault(seen, refusal) => {
                let field = refusal.field.as_deref().unwrap_or_default();
                let texts = refusal.code.len() + refusal.detail.len() + field.len();
                MESSAGE + REFUSAL + behind_message(seen) + texts
            }
            Self::Respond(seen, response) => {
                let behind_response = PADDING + fields_bytes(response.headers()) + response.body().len();
                MESSAGE + RESPONSE + behind_message(seen) + behind_response
            }
        }
    }
}

/// What a message points to.
fn behind_message(seen: &Seen<'_>) -> usize {
    let message = seen.message();
    let texts = [
        &message.id,
        &message.received,
        &message.route,
        seen.policy(),
        message.partner.as_deref().unwrap_or_default(),
        &message.method,
        &message.target,
    ];
    let texts: usize = texts.iter().map(|text| text.len()).sum();
    texts + PADDING + fields_bytes(seen.headers()) + seen.body().len() + seen.context().len()
}

fn fields_bytes<'h>(headers: impl Iterator<Item = &'h Header>) -> usize {
    headers.map(|header| HEADER + header.name.len() + header.value.len()).sum()
}

impl<'b> Block<'b> {
    pub(super) fn new(bytes: &'b mut [u8], begins: u32) -> Self {
        Self { bytes, begins, free: 0 }
    }

    pub(super) fn lower(&mut self, passed: &Passed<'_>) {
        match passed {
            Passed::Handle(seen) => {
                self.free = MESSAGE;
                self.put_message(seen);
            }
            Passed::Fault(seen, refusal) => {
                self.free = MESSAGE + REFUSAL;
                self.put_message(seen);
                self.put_refusal(refusal);
            }
            Passed::Respond(seen, response) => {
                self.free = MESSAGE + RESPONSE;
                self.put_message(seen);
                self.put(MESSAGE, &response.status().to_le_bytes());
                self.fields(MESSAGE + 4, response.headers());
                self.text(MESSAGE + 12, response.body());
            }
        }
    }

    fn put_refusal(&mut self, refusal: &Refusal) {
        let Refusal { status, code, detail, field, retry_after } = refusal;
        let at = MESSAGE;
        self.put(at, &status.to_le_bytes());
        self.text(at + 4, code.as_bytes());
        self.text(at + 12, detail.as_bytes());
        self.optional(at + 20, field.as_deref());
        self.put(at + 32, &[u8::from(retry_after.is_some()), 0, 0, 0]);
        self.put(at + 36, &retry_after.unwrap_or_default().to_le_bytes());
        self.none(at + 40);
    }

    fn put_message(&mut self, seen: &Seen<'_>) {
        let message = seen.message();
        self.text(0, message.id.as_bytes());
        self.text(8, message.received.as_bytes());
        self.put(16, &message.received_millis.to_le_bytes());
        self.text(24, message.route.as_bytes());
        self.text(32, seen.policy().as_bytes());
        self.optional(40, message.partner.as_deref());
        self.text(52, message.method.as_bytes());
        self.text(60, message.target.as_bytes());
        self.fields(68, seen.headers());
        self.text(76, seen.body());
        self.text(84, seen.context());
        // The facts, of which there are none.
        self.none(92);
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        if let Some(place) = self.bytes.get_mut(at..).and_then(|behind| behind.get_mut(..bytes.len())) {
            place.copy_from_slice(bytes);
        }
    }

    /// A text or bytes, and at a place where they are.
    fn text(&mut self, at: usize, text: &[u8]) {
        self.put_list(at, self.free, text.len());
        self.put(self.free, text);
        self.free += text.len();
    }

    fn optional(&mut self, at: usize, text: Option<&str>) {
        self.put(at, &[u8::from(text.is_some()), 0, 0, 0]);
        self.text(at + 4, text.unwrap_or_default().as_bytes());
    }

    fn fields<'h>(&mut self, at: usize, headers: impl Iterator<Item = &'h Header> + Clone) {
        let count = headers.clone().count();
        let list = self.free.next_multiple_of(PADDING);
        self.put_list(at, list, count);
        self.free = list + HEADER * count;
        for (index, header) in headers.enumerate() {
            let field = list + HEADER * index;
            self.text(field, header.name.as_bytes());
            self.text(field + 8, &header.value);
        }
    }

    /// An empty list; where it is says nothing, but it must be a place where a record may be.
    fn none(&mut self, at: usize) {
        self.put_list(at, 0, 0);
    }

    fn put_list(&mut self, at: usize, place: usize, count: usize) {
        // A block is no longer than a memory of 32 bits, whatever is in it.
        let (place, count) = (self.begins.wrapping_add(place as u32), count as u32);
        self.put(at, &place.to_le_bytes());
        self.put(at + 4, &count.to_le_bytes());
    }
}
