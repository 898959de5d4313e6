//! From a guest's memory to the types of this world, as the canonical ABI has them there; whatever is not as it would be is
//! an error.

use super::bindings as v1;

/// A guest's memory that is read from.
pub(crate) struct Lifting<'m> {
    memory: &'m [u8],
    /// How many bytes the host may still make of it.
    left: usize,
}

/// What can be lifted.
pub(crate) trait Value: Sized {
    /// Its bytes in memory.
    const SIZE: usize;
    /// What its place is a multiple of.
    const ALIGN: usize;

    /// Lifts what stands at a place that is within the memory and aligned.
    fn lift(from: &mut Lifting<'_>, at: usize) -> wasmtime::Result<Self>;
}

/// Where the next of several values stands.
struct Next(usize);

impl Next {
    fn lift<T: Value>(&mut self, from: &mut Lifting<'_>) -> wasmtime::Result<T> {
        let at = self.0.next_multiple_of(T::ALIGN);
        self.0 = at + T::SIZE;
        T::lift(from, at)
    }
}

/// Size and alignment of values one behind the other.
const fn laid_out(values: &[(usize, usize)]) -> (usize, usize) {
    let (mut size, mut align, mut index) = (0_usize, 1, 0);
    while index < values.len() {
        let (of, to) = values[index];
        size = size.next_multiple_of(to) + of;
        align = if to > align { to } else { align };
        index += 1;
    }
    (size.next_multiple_of(align), align)
}

/// Size and alignment of a case's number and the payload of one of these.
const fn one_of(values: &[(usize, usize)]) -> (usize, usize) {
    let (mut size, mut align, mut index) = (0, 1, 0);
    while index < values.len() {
        let (of, to) = values[index];
        size = if of > size { of } else { size };
        align = if to > align { to } else { align };
        index += 1;
    }
    laid_out(&[(1, 1), (size, align)])
}

const fn of<T: Value>() -> (usize, usize) {
    (T::SIZE, T::ALIGN)
}

macro_rules! record {
    ($record:ident { $($field:ident: $of:ty),* }) => {
        impl Value for v1::$record {
            const SIZE: usize = laid_out(&[$(of::<$of>()),*]).0;
            const ALIGN: usize = laid_out(&[$(of::<$of>()),*]).1;

            fn lift(from: &mut Lifting<'_>, at: usize) -> wasmtime::Result<Self> {
                let mut next = Next(at);
                Ok(Self { $($field: next.lift::<$of>(from)?),* })
            }
        }
    };
}

macro_rules! variant {
    ($variant:ident { $($number:literal: $case:ident $(($of:ty))?),* }) => {
        impl Value for v1::$variant {
            const SIZE: usize = one_of(&[$($(of::<$of>(),)?)*]).0;
            const ALIGN: usize = one_of(&[$($(of::<$of>(),)?)*]).1;

            fn lift(from: &mut Lifting<'_>, at: usize) -> wasmtime::Result<Self> {
                match from.array::<1>(at)? {
                    $([$number] => Ok(Self::$case $((<$of>::lift(from, at + Self::ALIGN)?))?),)*
                    [other] => wasmtime::bail!("it returned a case {other}, which its type does not have"),
                }
            }
        }
    };
}

type Text = String;
type Bytes = Vec<u8>;
type Pairs = Vec<(String, String)>;

record!(HeaderResult { name: Text, value: Bytes });
record!(Reply { status: u16, headers: Vec<v1::HeaderResult>, body: Bytes, extras: Pairs });
record!(Transaction {
    id: Text, time: Text, day: Option<Text>, key: Text, amount: Text, currency: Text, kind: Text, attributes: Pairs
});
record!(Forwarded {
    method: Option<Text>, target: Option<Text>, remove_headers: Vec<Text>, set_headers: Vec<v1::HeaderResult>,
    add_headers: Vec<v1::HeaderResult>, body: Option<Bytes>, extras: Pairs
});
record!(Changed {
    status: Option<u16>, remove_headers: Vec<Text>, set_headers: Vec<v1::HeaderResult>,
    add_headers: Vec<v1::HeaderResult>, body: Option<Bytes>, extras: Pairs
});
record!(RefusalResult {
    status: u16, code: Text, detail: Text, field: Option<Text>, retry_after: Option<u32>, extras: Pairs
});
variant!(Continuation { 0: Reply(v1::Reply), 1: Forward(v1::Forwarded) });
record!(Accepted { transactions: Vec<v1::Transaction>, then: v1::Continuation, extras: Pairs });
variant!(Outcome {
    0: Accept(v1::Accepted),
    1: Answer(v1::Reply),
    2: Forward(v1::Forwarded),
    3: Reject(v1::RefusalResult)
});
record!(Decision { outcome: v1::Outcome, context: Bytes });
record!(AcceptedResponse { transactions: Vec<v1::Transaction>, change: v1::Changed, extras: Pairs });
variant!(ResponseOutcome { 0: Pass, 1: Change(v1::Changed), 2: Accept(v1::AcceptedResponse) });

impl<'m> Lifting<'m> {
    /// Reads from a memory, and makes so many bytes of it at most.
    pub(super) fn new(memory: &'m [u8], most: usize) -> Self {
        Self { memory, left: most }
    }

    /// What a function returned the place of.
    pub(crate) fn returned<T: Value>(&mut self, at: u32) -> wasmtime::Result<T> {
        let at = at as usize;
        self.there(at, T::SIZE, T::ALIGN)?;
        T::lift(self, at)
    }

    fn array<const N: usize>(&self, at: usize) -> wasmtime::Result<[u8; N]> {
        let bytes = self.memory.get(at..).and_then(<[u8]>::first_chunk);
        bytes.copied().ok_or_else(outside)
    }

    /// The bytes of a list whose place and length stand at a place, and its length.
    fn list(&mut self, at: usize, size: usize, align: usize, host: usize) -> wasmtime::Result<(usize, usize)> {
        let (place, count) = (u32::from_le_bytes(self.array(at)?), u32::from_le_bytes(self.array(at + 4)?));
        let (place, count) = (place as usize, count as usize);
        let bytes = count.checked_mul(size).ok_or_else(outside)?;
        self.there(place, bytes, align)?;
        let left = self.left.checked_sub(count.saturating_mul(size.max(host)));
        self.left = left.ok_or_else(|| wasmtime::format_err!("it returned more than the host may copy out"))?;
        Ok((place, count))
    }

    fn there(&self, at: usize, bytes: usize, align: usize) -> wasmtime::Result<()> {
        let there = at.checked_add(bytes).is_some_and(|end| end <= self.memory.len());
        if there && at.is_multiple_of(align) { Ok(()) } else { Err(outside()) }
    }

    fn bytes(&mut self, at: usize) -> wasmtime::Result<&'m [u8]> {
        let (place, count) = self.list(at, 1, 1, 1)?;
        bytes(self.memory, place, count)
    }
}

/// Bytes that a guest says it has.
pub(super) fn bytes(memory: &[u8], place: usize, count: usize) -> wasmtime::Result<&[u8]> {
    memory.get(place..).and_then(|behind| behind.get(..count)).ok_or_else(outside)
}

/// Text that a guest says it has.
pub(super) fn text(bytes: &[u8]) -> wasmtime::Result<&str> {
    std::str::from_utf8(bytes).map_err(|error| wasmtime::format_err!("it gave a text that is not UTF-8: {error}"))
}

fn outside() -> wasmtime::Error {
    wasmtime::format_err!("it gave a place that is not aligned or not in its memory")
}

impl Value for u16 {
    const SIZE: usize = 2;
    const ALIGN: usize = 2;

    fn lift(from: &mut Lifting<'_>, at: usize) -> wasmtime::Result<Self> {
        Ok(Self::from_le_bytes(from.array(at)?))
    }
}

impl Value for u32 {
    const SIZE: usize = 4;
    const ALIGN: usize = 4;

    fn lift(from: &mut Lifting<'_>, at: usize) -> wasmtime::Result<Self> {
        Ok(Self::from_le_bytes(from.array(at)?))
    }
}

impl Value for String {
    const SIZE: usize = 8;
    const ALIGN: usize = 4;

    fn lift(from: &mut Lifting<'_>, at: usize) -> wasmtime::Result<Self> {
        Ok(text(from.bytes(at)?)?.to_owned())
    }
}

impl Value for Vec<u8> {
    const SIZE: usize = 8;
    const ALIGN: usize = 4;

    fn lift(from: &mut Lifting<'_>, at: usize) -> wasmtime::Result<Self> {
        Ok(from.bytes(at)?.to_vec())
    }
}

impl<T: Value> Value for Vec<T> {
    const SIZE: usize = 8;
    const ALIGN: usize = 4;

    fn lift(from: &mut Lifting<'_>, at: usize) -> wasmtime::Result<Self> {
        let (place, count) = from.list(at, T::SIZE, T::ALIGN, size_of::<T>())?;
        (0..count).map(|index| T::lift(from, place + index * T::SIZE)).collect()
    }
}

impl<T: Value> Value for Option<T> {
    const SIZE: usize = one_of(&[of::<T>()]).0;
    const ALIGN: usize = one_of(&[of::<T>()]).1;

    fn lift(from: &mut Lifting<'_>, at: usize) -> wasmtime::Result<Self> {
        match from.array::<1>(at)? {
            [0] => Ok(None),
            [1] => T::lift(from, at + Self::ALIGN).map(Some),
            [other] => wasmtime::bail!("it returned {other} for an option, which is 0 or 1"),
        }
    }
}

impl Value for (String, String) {
    const SIZE: usize = 16;
    const ALIGN: usize = 4;

    fn lift(from: &mut Lifting<'_>, at: usize) -> wasmtime::Result<Self> {
        let mut next = Next(at);
        Ok((next.lift(from)?, next.lift(from)?))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn records_are_as_long_as_the_canonical_abi_has_them() {
        let sizes = [
            of::<v1::HeaderResult>(),
            of::<v1::Reply>(),
            of::<v1::Transaction>(),
            of::<v1::Forwarded>(),
            of::<v1::Changed>(),
            of::<v1::RefusalResult>(),
            of::<v1::Accepted>(),
            of::<v1::Decision>(),
            of::<v1::ResponseOutcome>(),
            of::<Option<v1::Reply>>(),
            of::<Option<u16>>(),
        ];
        let expected = [16, 28, 68, 68, 48, 48, 88, 100, 68, 32, 4];
        assert_eq!(sizes.map(|(size, _)| size), expected);
    }

    /// A decision that hands on, with one header field to remove, at 8; its text is at 120.
    fn memory() -> Vec<u8> {
        let mut memory = vec![0; 128];
        let mut put = |at: usize, value: u32| memory[at..at + 4].copy_from_slice(&value.to_le_bytes());
        put(8, 2);
        put(8 + 4 + 24, 112);
        put(8 + 4 + 28, 1);
        put(112, 120);
        put(116, 2);
        memory[120..122].copy_from_slice(b"ab");
        memory
    }

    fn lifted(memory: &[u8], at: u32, most: usize) -> Result<Vec<String>, String> {
        match Lifting::new(memory, most).returned::<v1::Decision>(at) {
            Ok(v1::Decision { outcome: v1::Outcome::Forward(forwarded), .. }) => Ok(forwarded.remove_headers),
            Ok(_) => Err("another outcome".into()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn what_a_guest_says_is_somewhere_must_be_there() {
        let right = memory();
        assert_eq!(lifted(&right, 8, 100), Ok(vec!["ab".to_owned()]));
        let changed = |at: usize, value: u8| {
            let mut memory = right.clone();
            memory[at] = value;
            lifted(&memory, 8, 100)
        };
        let outside = Err("it gave a place that is not aligned or not in its memory".to_owned());
        // The list, its length, the text, its length.
        for (at, value) in [(36, 114), (36, 128), (39, 0xff), (40, 9), (43, 0x20), (112, 127), (115, 0x80), (116, 9)] {
            assert_eq!(changed(at, value), outside, "{value} at {at}");
        }
        for at in [9, 10, 32, 128, u32::MAX - 7] {
            assert_eq!(lifted(&right, at, 100), outside, "a decision at {at}");
        }
        assert!(changed(8, 4).unwrap_err().contains("a case 4"));
        assert!(changed(12, 2).unwrap_err().contains("2 for an option"));
        assert!(changed(120, 0xff).unwrap_err().contains("not UTF-8"));
    }

    #[test]
    fn no_more_is_made_of_it_than_may_be() {
        // One text as the host keeps it, and its two bytes.
        let least = size_of::<String>() + 2;
        assert!(lifted(&memory(), 8, least).is_ok());
        assert!(lifted(&memory(), 8, least - 1).unwrap_err().contains("more than the host may copy out"));
    }
}
