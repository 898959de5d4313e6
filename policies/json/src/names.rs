//! The names of one object.

use std::borrow::Cow;
use std::collections::BTreeSet;

use tallygate_policy::scan;

/// Members of an object that are compared one with the other; from here on in order.
const FEW: usize = 16;

/// The names of one object, to see when one comes again.
#[derive(Default)]
pub(crate) struct Names<'a> {
    few: Vec<Cow<'a, str>>,
    many: BTreeSet<Cow<'a, str>>,
}

impl<'a> Names<'a> {
    #[allow(clippy::ptr_arg, reason = "a borrowed name is kept borrowed, for its own lifetime")]
    pub(crate) fn repeats(&mut self, name: &Cow<'a, str>) -> bool {
        if self.many.is_empty() && self.few.len() < FEW {
            let repeats = self.few.iter().any(|other| scan::same(other.as_bytes(), name.as_bytes()));
            self.few.push(name.clone());
            return repeats;
        }
        if self.many.is_empty() {
            self.many.extend(self.few.drain(..));
        }
        !self.many.insert(name.clone())
    }
}
