//! Values by their paths: many read in one pass, each there once at most.

use std::borrow::Cow;

use super::field::{self, Field, FieldError};
use super::reader::{Element, Reader};
use super::tag;
use crate::scan;
use crate::world::tallygate::policy::types::ConfigFault;

/// Paths to the values that a policy reads of an element, which are read in one pass.
///
/// A path leads from the element that the reader stands in over its children, `BrRac/BrOznRac`, to a text or, with `/@`,
/// to an attribute in no namespace: `cbc:PayableAmount/@currencyID`. Each step is a name in a namespace; the prefixes are
/// the policy's own and have nothing to do with those in documents. Made once in `configure`, they cost a message little.
///
/// Every element on a path may stand once at most where it stands: of two, nobody could say which counts.
///
/// ```
/// use tallygate_policy::Refusal;
/// use tallygate_policy::decimal::Decimal;
/// use tallygate_policy::xml::{Paths, Reader};
///
/// const NAMESPACES: &[(&str, &str)] = &[("", "urn:shop"), ("p", "urn:pay")];
///
/// fn read(paths: &Paths<3>, document: &[u8]) -> Result<(String, Decimal, String), Refusal> {
///     let mut reader = Reader::new(document)?;
///     reader.root()?;
///     let [id, amount, currency] = paths.read(&mut reader)?;
///     reader.finish()?;
///     Ok((id.text()?.into_owned(), amount.read(Decimal::parse)?, currency.text()?.into_owned()))
/// }
///
/// let paths = Paths::new(NAMESPACES, ["id", "payment/p:total", "payment/p:total/@currency"]).expect("paths");
/// let order = "<o xmlns='urn:shop'><id>7</id><payment><total xmlns='urn:pay' currency='EUR'>1.5</total></payment></o>";
/// assert_eq!(read(&paths, order.as_bytes()).unwrap().1.to_string(), "1.50");
///
/// let refusal = read(&paths, order.replace("<id>", "<id>1</id><id>").as_bytes()).unwrap_err();
/// assert_eq!((&*refusal.code, refusal.field.as_deref()), ("field-twice", Some("id")));
/// let refusal = read(&paths, order.replace("1.5", "1e5").as_bytes()).unwrap_err();
/// assert_eq!((refusal.status, &*refusal.code, refusal.field.as_deref()), (422, "wrong-amount", Some("payment/p:total")));
/// ```
#[derive(Debug, Clone)]
pub struct Paths<const N: usize> {
    /// The element that the reader stands in is the first; each stands before those in it.
    nodes: Vec<Node>,
    paths: [String; N],
}

#[derive(Debug, Clone, Default)]
struct Node {
    namespace: String,
    local: String,
    /// The path, for errors.
    path: String,
    /// The value that is its text.
    text: Option<usize>,
    /// Names of attributes, and which values they are.
    attributes: Vec<(String, usize)>,
    children: Vec<usize>,
}

impl<const N: usize> Paths<N> {
    /// Makes paths of their written form. The empty prefix is that of names without one; where it is not given, they are
    /// in no namespace.
    ///
    /// # Errors
    /// When a path has a step that is no name or a prefix that is not given, stands twice, or leads through the text of
    /// another. The fault is one of the configuration as a whole, for `configure` to return.
    pub fn new(namespaces: &[(&str, &str)], paths: [&str; N]) -> Result<Self, ConfigFault> {
        let mut nodes = vec![Node::default()];
        for (value, path) in paths.iter().enumerate() {
            let wrong = |detail: String| wrong(path, &detail);
            let (elements, attribute) = match path.split_once("/@") {
                Some((elements, attribute)) => (elements, Some(attribute)),
                None => (*path, None),
            };
            let mut at = 0;
            for step in elements.split('/') {
                let (namespace, local) = resolved(namespaces, step).map_err(wrong)?;
                at = child(&mut nodes, at, namespace, local, step);
            }
            let node = &mut nodes[at];
            let taken = match attribute {
                Some(name) if !is_name(name) => {
                    return Err(wrong(format!("has `{name}`, which is no attribute's name")));
                }
                Some(name) if node.attributes.iter().any(|(other, _)| other == name) => true,
                Some(name) => {
                    node.attributes.push((name.to_owned(), value));
                    false
                }
                None => node.text.replace(value).is_some(),
            };
            if taken {
                return Err(wrong("stands twice".to_owned()));
            }
        }
        if let Some(node) = nodes.iter().find(|node| node.text.is_some() && !node.children.is_empty()) {
            return Err(wrong(&node.path, "leads to a text, and others lead further through it"));
        }
        Ok(Self { nodes, paths: paths.map(str::to_owned) })
    }

    /// The paths, but errors name them from further above: within `Racun` the path `Oib` is told as `Racun/Oib`.
    #[must_use]
    pub fn within(mut self, above: &str) -> Self {
        let nodes = self.nodes.iter_mut().map(|node| &mut node.path);
        for path in nodes.chain(&mut self.paths) {
            *path = field::joined(above, path);
        }
        self
    }

    /// Reads the rest of the element that the reader stands in, and leaves it. Elements on no path are skipped.
    ///
    /// # Errors
    /// When the document is not well-formed there, an element of a path stands twice, or one that leads to a text has
    /// elements in it. Whether a value is there is up to [`Field`].
    pub fn read<'p, 'a>(&'p self, reader: &mut Reader<'a>) -> Result<[Field<'p, 'a>; N], FieldError> {
        self.read_with(reader, |_, _, _| Ok(()))
    }

    /// As [`read`](Paths::read), and shows each element on no path: its name, the path of the element it is in, and the
    /// reader, which stands in it. That is the place to refuse it, or to read lists, whose errors say by
    /// [`FieldError::within`] in which of them. What is not read of it is skipped.
    ///
    /// ```
    /// use tallygate_policy::Refusal;
    /// use tallygate_policy::decimal::Decimal;
    /// use tallygate_policy::xml::{FieldError, Paths, Reader};
    ///
    /// struct Orders { order: Paths<1>, line: Paths<1> }
    ///
    /// impl Orders {
    ///     fn totals(&self, document: &str) -> Result<Vec<Decimal>, Refusal> {
    ///         let mut reader = Reader::new(document.as_bytes())?;
    ///         reader.root()?;
    ///         let mut totals = Vec::new();
    ///         let [id] = self.order.read_with(&mut reader, |element, within, reader| {
    ///             if element.local != "line" {
    ///                 return Err(FieldError::wrong(element.local, "it is not expected here").within(within));
    ///             }
    ///             let number = totals.len() + 1;
    ///             let total = self.total(reader).map_err(|error| error.within(&format!("{within}/line[{number}]")))?;
    ///             totals.push(total);
    ///             Ok(())
    ///         })?;
    ///         id.text()?;
    ///         Ok(totals)
    ///     }
    ///
    ///     fn total(&self, reader: &mut Reader) -> Result<Decimal, FieldError> {
    ///         let [total] = self.line.read(reader)?;
    ///         total.read(Decimal::parse)
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Refusal> {
    /// let order = Paths::new(&[], ["id"]).expect("a path").within("order");
    /// let orders = Orders { order, line: Paths::new(&[], ["total"]).expect("a path") };
    /// let document = "<order><line><total>1</total></line><id>7</id><line><total>2</total></line></order>";
    /// assert_eq!(orders.totals(document)?, [Decimal::from(1), Decimal::from(2)]);
    ///
    /// let refusal = orders.totals(&document.replace("2", "two")).unwrap_err();
    /// assert_eq!(refusal.field.as_deref(), Some("order/line[2]/total"));
    /// let refusal = orders.totals(&document.replace("line>", "row>")).unwrap_err();
    /// assert_eq!(refusal.field.as_deref(), Some("order/row"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`read`](Paths::read), and what `other` returns.
    pub fn read_with<'p, 'a, E: From<FieldError>>(
        &'p self,
        reader: &mut Reader<'a>,
        mut other: impl FnMut(Element<'a>, &'p str, &mut Reader<'a>) -> Result<(), E>,
    ) -> Result<[Field<'p, 'a>; N], E> {
        let mut texts = [const { None::<Cow<'a, str>> }; N];
        let mut seen = vec![false; self.nodes.len()];
        let mut above = Vec::new();
        let mut at = &self.nodes[0];
        loop {
            let Some(element) = reader.child().map_err(|error| FieldError::xml(&at.path, error))? else {
                match above.pop() {
                    Some(parent) => at = parent,
                    None => break,
                }
                continue;
            };
            let Some((place, node)) = self.child(at, element) else {
                let depth = reader.depth();
                other(element, &at.path, reader)?;
                while reader.depth() >= depth {
                    reader.skip().map_err(|error| FieldError::xml(&at.path, error))?;
                }
                continue;
            };
            if std::mem::replace(&mut seen[place], true) {
                return Err(FieldError::twice(&node.path).into());
            }
            for (name, value) in &node.attributes {
                texts[*value] = reader.attribute_text(name);
            }
            if let Some(value) = node.text {
                texts[value] = Some(reader.text().map_err(|error| FieldError::xml(&node.path, error))?);
            } else {
                above.push(std::mem::replace(&mut at, node));
            }
        }
        let mut paths = self.paths.iter();
        Ok(texts.map(|text| Field::new(paths.next().map_or("", String::as_str), text)))
    }

    #[inline]
    fn child(&self, node: &Node, element: Element<'_>) -> Option<(usize, &Node)> {
        node.children.iter().find_map(|&place| {
            let child = self.nodes.get(place)?;
            let same = |one: &str, other: &str| scan::same(one.as_bytes(), other.as_bytes());
            (same(&child.local, element.local) && same(&child.namespace, element.namespace)).then_some((place, child))
        })
    }
}

fn wrong(path: &str, detail: &str) -> ConfigFault {
    ConfigFault::at("", format!("the path `{path}` {detail}"))
}

fn resolved<'n>(namespaces: &[(&str, &'n str)], step: &'n str) -> Result<(&'n str, &'n str), String> {
    let (prefix, local) = step.split_once(':').unwrap_or(("", step));
    if !is_name(local) {
        return Err(format!("has `{step}`, which is no element's name"));
    }
    match namespaces.iter().find(|(known, _)| *known == prefix) {
        Some((_, namespace)) => Ok((namespace, local)),
        None if prefix.is_empty() => Ok(("", local)),
        None => Err(format!("has the prefix `{prefix}`, which stands for no namespace")),
    }
}

fn is_name(name: &str) -> bool {
    tag::name(name, 0).is_some_and(|read| read.whole == name && read.prefix.is_empty())
}

/// The place of a child, which is made if it is not there.
fn child(nodes: &mut Vec<Node>, parent: usize, namespace: &str, local: &str, step: &str) -> usize {
    let is_it = |place: &&usize| (&*nodes[**place].namespace, &*nodes[**place].local) == (namespace, local);
    if let Some(&place) = nodes[parent].children.iter().find(is_it) {
        return place;
    }
    let above = &nodes[parent].path;
    let path = field::joined(above, step);
    let place = nodes.len();
    nodes.push(Node { namespace: namespace.to_owned(), local: local.to_owned(), path, ..Node::default() });
    nodes[parent].children.push(place);
    place
}

#[cfg(test)]
mod tests;
