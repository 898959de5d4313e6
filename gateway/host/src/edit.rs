//! What a policy changes of header fields.

use crate::message::Header;

/// Changes of header fields: some go, some replace those of their names, some are added beside them, in this order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeaderEdit {
    /// The names of those that go.
    pub remove: Vec<String>,
    /// Those in place of all of the same names.
    pub set: Vec<Header>,
    /// Those beside others of the same names.
    pub add: Vec<Header>,
}

impl HeaderEdit {
    /// Makes the changes.
    pub fn apply(self, headers: &mut Vec<Header>) {
        let Self { remove, set, add } = self;
        if !remove.is_empty() || !set.is_empty() {
            let replaced = |name: &str| set.iter().any(|set| set.name == name);
            headers.retain(|header| !remove.contains(&header.name) && !replaced(&header.name));
        }
        headers.extend(set);
        headers.extend(add);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(of: &[(&str, &str)]) -> Vec<Header> {
        of.iter().map(|(name, value)| Header { name: (*name).into(), value: (*value).into() }).collect()
    }

    fn edited(edit: HeaderEdit) -> Vec<Header> {
        let mut edited = headers(&[("a", "1"), ("b", "1"), ("a", "2"), ("c", "1")]);
        edit.apply(&mut edited);
        edited
    }

    #[test]
    fn fields_go_are_replaced_and_are_added_and_all_others_keep_their_order() {
        let edit = HeaderEdit {
            remove: vec!["c".into(), "d".into()],
            set: headers(&[("a", "3"), ("d", "1"), ("d", "2")]),
            add: headers(&[("b", "2"), ("c", "2")]),
        };
        let expected = headers(&[("b", "1"), ("a", "3"), ("d", "1"), ("d", "2"), ("b", "2"), ("c", "2")]);
        assert_eq!(edited(edit), expected);
    }

    #[test]
    fn what_is_not_named_stays_as_it_came() {
        assert_eq!(edited(HeaderEdit::default()), headers(&[("a", "1"), ("b", "1"), ("a", "2"), ("c", "1")]));
    }
}
