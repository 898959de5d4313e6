//! Start tags: the element they enter, and what they declare.

use std::borrow::Cow;

use super::error::{XmlError, shown};
use super::limits::{ATTRIBUTES, DEPTH};
use super::reader::{Element, Open, Reader};
use super::tag::{self, Attribute};

impl<'a> Reader<'a> {
    pub(super) fn enter(&mut self) -> Result<Element<'a>, XmlError> {
        let start = self.at;
        let Some(name) = tag::name(self.document, start + 1) else { return self.fail("a `<` that begins no element") };
        if self.open.len() == DEPTH {
            return self.not_taken(format!("elements nested deeper than {DEPTH}"));
        }
        self.at += 1 + name.whole.len();
        self.open.push(Open { name: name.whole, scope: self.scope.len() });
        self.attributes.clear();
        if self.rest().first() == Some(&b'>') {
            self.at += 1;
        } else {
            self.tag()?;
        }
        let Some(namespace) = self.scope.namespace(name.prefix) else {
            self.at = start;
            return self.fail(format!("the prefix `{}` stands for no namespace", shown(name.prefix)));
        };
        if !self.attributes.is_empty() {
            self.check_attributes()?;
        }
        Ok(Element { namespace, local: name.local })
    }

    /// Reads attributes up to the end of a start tag.
    fn tag(&mut self) -> Result<(), XmlError> {
        let before_tag = self.scope.len();
        loop {
            let before = self.at;
            self.blanks();
            match self.rest() {
                [b'>', ..] => {
                    self.at += 1;
                    return Ok(());
                }
                [b'/', b'>', ..] => {
                    self.at += 2;
                    self.empty = true;
                    return Ok(());
                }
                _ if self.at == before => return self.fail("a start tag without an end"),
                _ => {}
            }
            if self.attributes.len() + self.scope.len() - before_tag == ATTRIBUTES {
                return self.not_taken(format!("more than {ATTRIBUTES} attributes"));
            }
            let attribute = tag::attribute(self.document, &mut self.at).or_else(|detail| self.fail(detail))?;
            if attribute.prefix == "xmlns" || (attribute.prefix.is_empty() && attribute.local == "xmlns") {
                self.declare(attribute, before_tag)?;
            } else {
                self.attributes.push(attribute);
            }
        }
    }

    /// Takes a namespace declaration of a tag before which there were so many in scope.
    fn declare(&mut self, attribute: Attribute<'a>, before_tag: usize) -> Result<(), XmlError> {
        let prefix = if attribute.prefix.is_empty() { "" } else { attribute.local };
        let Cow::Borrowed(namespace) = attribute.value else {
            return self.not_taken("a namespace with references or line ends in it");
        };
        self.scope.declare(prefix, namespace, before_tag).or_else(|detail| self.fail(detail))
    }

    /// No attribute twice, neither as written nor by its namespace; no prefix unknown.
    fn check_attributes(&mut self) -> Result<(), XmlError> {
        for index in 0..self.attributes.len() {
            let prefix = self.attributes[index].prefix;
            if !prefix.is_empty() {
                let Some(identity) = self.scope.identity(prefix) else {
                    return self.fail(format!("the prefix `{}` stands for no namespace", shown(prefix)));
                };
                self.attributes[index].namespace = identity;
            }
            let (before, attribute) = (&self.attributes[..index], &self.attributes[index]);
            let is_it =
                |other: &Attribute<'_>| (other.namespace, other.local) == (attribute.namespace, attribute.local);
            if before.iter().any(is_it) {
                return self.fail(format!("the attribute `{}` twice", shown(attribute.local)));
            }
        }
        Ok(())
    }
}
