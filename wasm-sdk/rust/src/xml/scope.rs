//! The namespaces in scope: which prefix stands for what, found in few steps however many are declared.

use std::collections::BTreeMap;

use crate::scan;

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// Up to so many declarations are looked through one by one, which is the quickest; more than these have an index.
const FEW: usize = 16;

/// The number of the namespace that no declaration makes, and every document has.
const XML_IDENTITY: usize = usize::MAX;

/// Names in an index that is only ever added to, and so needs little code.
type Index<'a> = BTreeMap<&'a str, usize>;

#[derive(Default)]
pub(super) struct Scope<'a> {
    bindings: Vec<Binding<'a>>,
    /// The place behind the binding in force for each prefix, or 0; empty until there were more than a few.
    index: Index<'a>,
    /// A number for each namespace whose identity was asked for.
    identities: Index<'a>,
    /// How many comparisons were made, for the test that counts them.
    #[cfg(test)]
    pub(super) steps: std::cell::Cell<usize>,
}

struct Binding<'a> {
    prefix: &'a str,
    namespace: &'a str,
    /// What the index had for the prefix before.
    shadows: usize,
    /// The number of the namespace; 0: not asked for yet.
    identity: usize,
}

impl<'a> Scope<'a> {
    /// How many declarations are in scope, for [`truncate`](Scope::truncate).
    pub(super) fn len(&self) -> usize {
        self.bindings.len()
    }

    /// Takes a declaration of a tag that began when there were `before`.
    pub(super) fn declare(&mut self, prefix: &'a str, namespace: &'a str, before: usize) -> Result<(), &'static str> {
        let reserved = prefix == "xmlns" || namespace == XMLNS || ((prefix == "xml") != (namespace == XML));
        if reserved || (namespace.is_empty() && !prefix.is_empty()) {
            return Err("a namespace declaration that is not allowed");
        }
        if self.bindings[before..].iter().any(|binding| binding.prefix == prefix) {
            return Err("the same namespace declared twice in a tag");
        }
        self.bindings.push(Binding { prefix, namespace, shadows: 0, identity: 0 });
        if self.bindings.len() > FEW || !self.index.is_empty() {
            self.extend_index();
        }
        Ok(())
    }

    #[cold]
    fn extend_index(&mut self) {
        // The first time all of them, later the last alone.
        let from = if self.index.is_empty() { 0 } else { self.bindings.len() - 1 };
        for (place, binding) in self.bindings.iter_mut().enumerate().skip(from) {
            binding.shadows = self.index.insert(binding.prefix, place + 1).unwrap_or_default();
        }
    }

    /// Ends the declarations behind the first `length`.
    #[inline]
    pub(super) fn truncate(&mut self, length: usize) {
        if !self.index.is_empty() && self.bindings.len() > length {
            self.shorten_index(length);
        }
        self.bindings.truncate(length);
    }

    #[cold]
    fn shorten_index(&mut self, length: usize) {
        for binding in self.bindings[length..].iter().rev() {
            self.index.insert(binding.prefix, binding.shadows);
        }
    }

    /// What a prefix stands for; the empty one: the default namespace, which is none until it is declared.
    #[inline(always)]
    pub(super) fn namespace(&self, prefix: &str) -> Option<&'a str> {
        match self.find(prefix) {
            Some(place) => self.bindings.get(place).map(|binding| binding.namespace),
            None => match prefix {
                "" => Some(""),
                "xml" => Some(XML),
                _ => None,
            },
        }
    }

    /// A number for what a prefix stands for, the same for the same namespace whatever the prefix.
    pub(super) fn identity(&mut self, prefix: &str) -> Option<usize> {
        let Some(binding) = self.find(prefix).and_then(|place| self.bindings.get_mut(place)) else {
            return (prefix == "xml").then_some(XML_IDENTITY);
        };
        if binding.identity == 0 {
            binding.identity = match self.identities.get(binding.namespace) {
                Some(known) => *known,
                None => {
                    let next = self.identities.len() + 1;
                    self.identities.insert(binding.namespace, next);
                    next
                }
            };
        }
        Some(binding.identity)
    }

    #[inline(always)]
    fn find(&self, prefix: &str) -> Option<usize> {
        if !self.index.is_empty() {
            return self.find_in_index(prefix);
        }
        let mut index = self.bindings.len();
        while let Some(binding) = index.checked_sub(1).and_then(|index| self.bindings.get(index)) {
            self.step();
            index -= 1;
            if scan::same(binding.prefix.as_bytes(), prefix.as_bytes()) {
                return Some(index);
            }
        }
        None
    }

    #[cold]
    #[inline(never)]
    fn find_in_index(&self, prefix: &str) -> Option<usize> {
        self.step();
        self.index.get(prefix)?.checked_sub(1)
    }

    #[inline(always)]
    fn step(&self) {
        #[cfg(test)]
        self.steps.set(self.steps.get() + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::{FEW, Scope};
    use crate::xml::{ATTRIBUTES, DEPTH, Reader};
    use proptest::prelude::*;

    proptest! {
        /// Tags of a few declarations each, opened and closed at random, against a plain look from back to front.
        #[test]
        fn a_prefix_stands_for_what_was_declared_last(
            tags in prop::collection::vec(prop::option::of(prop::collection::vec((0..40_usize, 0..9_usize), 0..12)), 0..60),
        ) {
            let prefixes: Vec<String> = (0..40).map(|n| format!("p{n}")).collect();
            let namespaces: Vec<String> = (0..9).map(|n| format!("urn:{n}")).collect();
            let (mut scope, mut plain, mut open) = (Scope::default(), Vec::<(usize, usize)>::new(), Vec::new());
            for tag in tags {
                let Some(declarations) = tag else {
                    if let Some(length) = open.pop() {
                        scope.truncate(length);
                        plain.truncate(length);
                    }
                    continue;
                };
                let before = plain.len();
                open.push(before);
                for (prefix, namespace) in declarations {
                    let twice = plain[before..].iter().any(|(other, _)| *other == prefix);
                    let declared = scope.declare(&prefixes[prefix], &namespaces[namespace], before);
                    prop_assert_eq!(declared.is_err(), twice);
                    if !twice {
                        plain.push((prefix, namespace));
                    }
                }
                prop_assert!(plain.len() <= FEW || !scope.index.is_empty());
                let found = |prefix: usize| plain.iter().rev().find(|(other, _)| *other == prefix).map(|found| found.1);
                for prefix in 0..40 {
                    let namespace = found(prefix).map(|namespace| &*namespaces[namespace]);
                    prop_assert_eq!(scope.namespace(&prefixes[prefix]), namespace);
                    let same = scope.identity(&prefixes[prefix]) == scope.identity(&prefixes[0]);
                    prop_assert_eq!(same, found(prefix) == found(0));
                }
            }
        }
    }

    /// As many namespaces in scope as there can be, and then tags that make the most of them.
    fn steps(tag: &str, tags: usize) -> usize {
        let mut document = String::new();
        for depth in 0..DEPTH - 1 {
            document += "<a";
            for n in 0..ATTRIBUTES {
                document += &format!(" xmlns:p{depth}x{n}='urn:{depth}:{n}'");
            }
            document += ">";
        }
        document += &tag.repeat(tags);
        document += &"</a>".repeat(DEPTH - 1);
        let mut reader = Reader::new(document.as_bytes()).expect("UTF-8");
        reader.root().expect("a root");
        reader.skip().expect("all of it");
        reader.scope.steps.get()
    }

    #[test]
    fn a_tag_costs_the_same_however_many_namespaces_are_in_scope() {
        let same: String = (0..30).map(|n| format!(" p{n}x0:b='' ")).collect();
        for (tag, prefixes) in
            [("<b/>", 1), ("<p0x0:b/>", 1), ("<p0x0:b p1x1:c='' p2x2:c=''/>", 3), (&*format!("<b {same}/>"), 31)]
        {
            let spent = steps(tag, 1_000) - steps(tag, 0);
            assert!(spent <= 1_000 * prefixes, "{spent} for {tag}");
        }
    }

    #[test]
    fn attributes_of_one_name_in_one_namespace_are_found_whatever_their_prefixes() {
        let tag = |declared: usize, last: &str| {
            let prefixes: String = (0..declared).map(|n| format!(" xmlns:q{n}='urn:{n}'")).collect();
            format!("<a {prefixes}><b xmlns:x='urn:x' xmlns:y='{last}' x:c='' y:c='' c='' xml:c=''/></a>")
        };
        for declared in [0, FEW, ATTRIBUTES - 1] {
            let read = |document: String| {
                let mut reader = Reader::new(document.as_bytes())?;
                reader.root().and_then(|_| reader.skip())
            };
            assert_eq!(read(tag(declared, "urn:y")), Ok(()));
            assert_eq!(read(tag(declared, "urn:x")).expect_err("twice").detail, "the attribute `c` twice");
        }
    }
}
