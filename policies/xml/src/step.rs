//! The steps of a path: names in namespaces, and a condition on an attribute.

use tallygate_policy::ConfigFault;
use tallygate_policy::config::{Config, Shape, nearest};
use tallygate_policy::xml::{Element, Reader};

/// What prefixes stand for: each for one namespace or for any of several.
pub(crate) struct Namespaces(Vec<(String, Vec<String>)>);

impl Namespaces {
    /// Takes the key `namespaces`.
    pub(crate) fn configure(config: &mut Config) -> Result<Self, ConfigFault> {
        let mut section = config.section("namespaces")?;
        let mut namespaces = Vec::new();
        for (prefix, given) in section.entries() {
            let at = given.at().to_owned();
            if !prefix.is_empty() && !is_name(&prefix) {
                return Err(ConfigFault::at(at, format!("`{prefix}` is no prefix, such as `cbc`, or nothing")));
            }
            let wrong = given.other_than("a namespace or a list of them");
            let any = match given.shape() {
                (_, Shape::Text(namespace)) => vec![namespace],
                (_, Shape::List(list)) => list.into_iter().map(|given| given.text()).collect::<Result<_, _>>()?,
                _ => return Err(wrong),
            };
            if any.is_empty()
                || any.iter().any(|namespace| namespace.trim().is_empty() || namespace.trim() != namespace)
            {
                return Err(ConfigFault::at(at, "it would be a namespace, such as `urn:example:orders`"));
            }
            namespaces.push((prefix, any));
        }
        Ok(Self(namespaces))
    }
}

/// One step of a path, from an element to a child of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// As it is written in paths.
    pub(crate) written: String,
    /// Any of these; none: names in no namespace.
    namespaces: Vec<String>,
    local: String,
    pub(crate) condition: Option<Condition>,
}

/// What has to have a value, or the element is passed over: an attribute of its own, or something in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    /// From the element on.
    pub(crate) path: String,
    pub(crate) value: String,
}

impl Step {
    /// Reads a step such as `cbc:ID[@schemeID='VA']`.
    pub(crate) fn read(written: &str, namespaces: &Namespaces) -> Result<Self, String> {
        let (name, condition) = match written.split_once('[') {
            None => (written, None),
            Some((name, condition)) => {
                let read = Condition::read(condition).ok_or_else(|| {
                    format!(
                        "`[{condition}` is no condition that is known; `[@schemeID='VA']` or `[TaxScheme/ID='VAT']` would be one"
                    )
                })?;
                (name, Some(read))
            }
        };
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        if !is_name(local) {
            return Err(format!("`{written}` is no name of an element"));
        }
        let found = namespaces.0.iter().find(|(known, _)| known == prefix);
        if found.is_none() && !prefix.is_empty() {
            let meant = nearest(prefix, namespaces.0.iter().map(|(known, _)| known.as_str()));
            let meant = meant.map(|meant| format!(", perhaps `{meant}` was meant")).unwrap_or_default();
            return Err(format!("the prefix `{prefix}` is not in `namespaces`{meant}"));
        }
        let namespaces = found.map(|(_, any)| any.clone()).unwrap_or_default();
        Ok(Self { written: written.to_owned(), namespaces, local: local.to_owned(), condition })
    }

    /// Whether two steps may lead to one element, though they are not the same.
    pub(crate) fn may_meet(&self, other: &Self) -> bool {
        // Of what stands in an element nothing is known yet when it begins.
        let apart = match (&self.condition, &other.condition) {
            (Some(one), Some(two)) => one.attribute().is_some() && one.path == two.path && one.value != two.value,
            _ => false,
        };
        self.local == other.local && self.namespaces == other.namespaces && !apart
    }

    /// Whether it leads to an element, in which the reader stands.
    #[inline]
    pub(crate) fn leads_to(&self, element: Element<'_>, reader: &Reader<'_>) -> bool {
        self.local == element.local
            && match self.namespaces.as_slice() {
                [] => element.namespace.is_empty(),
                [one] => one == element.namespace,
                any => any.iter().any(|namespace| namespace == element.namespace),
            }
            && self.condition.as_ref().is_none_or(|condition| condition.may_hold(reader))
    }

    /// The namespaces, for people.
    pub(crate) fn shown(&self) -> String {
        match self.namespaces.as_slice() {
            [] => "in no namespace".to_owned(),
            any => format!("in the namespace {}", any.join(" or ")),
        }
    }
}

impl Condition {
    /// Reads `@schemeID='VA']`.
    fn read(written: &str) -> Option<Self> {
        let (path, value) = written.strip_suffix(']')?.split_once('=')?;
        let quote = value.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
        let value = value.strip_prefix(quote)?.strip_suffix(quote)?;
        let plain = !path.is_empty()
            && !path.contains(['[', ']'])
            && !path.starts_with(['/', '.'])
            && !value.contains(['\'', '"']);
        let read = Self { path: path.to_owned(), value: value.to_owned() };
        (plain && read.attribute().is_none_or(is_name)).then_some(read)
    }

    /// The attribute of the element's own that it is about, if it is.
    pub(crate) fn attribute(&self) -> Option<&str> {
        self.path.strip_prefix('@')
    }

    /// Whether it holds, as far as is known when the element begins.
    fn may_hold(&self, reader: &Reader<'_>) -> bool {
        self.attribute().is_none_or(|name| reader.attribute(name).is_some_and(|value| value == self.value))
    }
}

/// The steps of a path: what stands between slashes, but for those in conditions.
pub(crate) fn split(path: &str) -> Vec<&str> {
    let (mut steps, mut begin, mut quote, mut inside) = (Vec::new(), 0, None, false);
    for (at, letter) in path.char_indices() {
        match (letter, quote) {
            (_, Some(open)) if letter == open => quote = None,
            (_, Some(_)) => {}
            ('\'' | '"', None) if inside => quote = Some(letter),
            ('[', None) => inside = true,
            (']', None) => inside = false,
            ('/', None) if !inside => {
                steps.push(&path[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    steps.push(&path[begin..]);
    steps
}

/// Whether a text can be a name without a prefix.
pub(crate) fn is_name(text: &str) -> bool {
    let document = ["<", text, "/>"].concat();
    let plain = !text.contains([' ', '\t', '\n', '\r', '/', '>', ':']);
    plain
        && Reader::new(document.as_bytes()).and_then(|mut reader| reader.root().map(|root| root.local == text))
            == Ok(true)
}
