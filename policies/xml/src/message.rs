//! A message: one pass from the root over the records.

use std::borrow::Cow;

use described::{Format, Made, Paths, Rows, Wrong};
use tallygate_policy::xml::{Reader, XmlError, decode};
use tallygate_policy::{Refusal, scan};

use crate::Xml;
use crate::tree::{Inside, Node, Tree};

/// Reads a message.
pub(crate) fn read(xml: &Xml, message: &[u8], origins: bool) -> Result<Made, Wrong> {
    let document = decode(message).map_err(Refusal::from)?;
    let mut reader = Reader::new(&document).map_err(Refusal::from)?.skipping_comments().skipping_instructions();
    let tree = &xml.tree;
    let depth = tree.depth();
    let waits = (0..tree.cells()).any(|cell| tree.level(cell) < depth);
    let rows = Rows::new(xml.description(), depth, waits, origins);
    let mut walk = Walk {
        tree,
        depth,
        rows,
        above: vec![None; tree.cells()],
        place: vec![0; depth],
        first: vec![0; depth + 1],
        seen: vec![0; tree.nodes()],
        entered: vec![0; depth + 1],
        aside: Vec::new(),
        length: document.len(),
    };
    walk.root(&mut reader)?;
    walk.way(&mut reader)?;
    reader.finish().map_err(Refusal::from)?;
    walk.rows.finish(|| {
        let name = tree.name(None, &[]);
        Refusal::new(422, "field-missing", format!("`{name}` is missing: there is not one")).at(name)
    })
}

/// Where the reading is.
struct Walk<'x, 'a> {
    tree: &'x Tree,
    /// The level of the records.
    depth: usize,
    rows: Rows<'x, 'a>,
    /// Cells of what stands around the record.
    above: Vec<Option<Cow<'a, str>>>,
    /// Which of its name each element of the way is, from the root to the record.
    place: Vec<u32>,
    /// The first record in the element of each level.
    first: Vec<usize>,
    /// In which element of its level each node was seen last, by the number of [`Walk::entered`].
    seen: Vec<u32>,
    /// How many elements of each level were entered.
    entered: Vec<u32>,
    /// What was found before in elements whose condition is not known yet.
    aside: Vec<Option<Cow<'a, str>>>,
    length: usize,
}

impl<'a> Walk<'_, 'a> {
    /// Enters the root element.
    fn root(&mut self, reader: &mut Reader<'a>) -> Result<(), Refusal> {
        let root = reader.root()?;
        let Some(document) = self.tree.node(0) else { return Ok(()) };
        let Some((_, node)) = self.tree.child(document, root, reader) else {
            let right = self.tree.root().map(|step| format!("`{}` {}", step.written, step.shown())).unwrap_or_default();
            let namespace = if root.namespace.is_empty() {
                "no namespace".to_owned()
            } else {
                format!("the namespace {}", root.namespace)
            };
            let detail = format!("the root element is `{}` in {namespace}, and {right} would be right", root.local);
            return Err(Refusal::new(422, "wrong-root", detail).at(root.local));
        };
        self.enter(node);
        self.attributes(node, reader);
        Ok(())
    }

    /// Reads the elements below the root, in which the reader stands.
    fn way(&mut self, reader: &mut Reader<'a>) -> Result<(), Wrong> {
        let mut at = self.tree.way.get(1).copied().unwrap_or_default();
        let mut above: Vec<usize> = Vec::with_capacity(8);
        let Some(mut within) = self.tree.node(at) else { return Ok(()) };
        if within.text.is_some() {
            self.text(at, within, reader)?;
            return self.leave(within, reader);
        }
        loop {
            let Some(element) = reader.child().map_err(|error| self.not_taken(at, error))? else {
                if within.on_way {
                    self.leave(within, reader)?;
                } else if let Some(inside) = &within.condition {
                    self.conclude(at, within, inside)?;
                }
                let Some((parent, node)) = above.pop().and_then(|parent| Some((parent, self.tree.node(parent)?)))
                else {
                    return Ok(());
                };
                (at, within) = (parent, node);
                continue;
            };
            let Some((number, node)) = self.tree.child(within, element, reader) else {
                reader.skip().map_err(|error| self.not_taken(at, error))?;
                continue;
            };
            if node.on_way {
                self.enter(node);
            } else if let Some(inside) = &node.condition {
                self.begin(node, inside);
            } else if self.was_seen(number, node) {
                return Err(self.twice(number).into());
            }
            self.attributes(node, reader);
            if node.text.is_none() {
                above.push(at);
                (at, within) = (number, node);
                continue;
            }
            self.text(number, node, reader)?;
            if node.on_way {
                self.leave(node, reader)?;
            }
        }
    }

    /// Whether an element beside the way stands a second time where it is, and that it stands there.
    #[inline]
    fn was_seen(&mut self, number: usize, node: &Node) -> bool {
        match (self.seen.get_mut(number), self.entered.get(node.level)) {
            (Some(seen), Some(entered)) => std::mem::replace(seen, *entered) == *entered,
            _ => false,
        }
    }

    /// Enters an element whose condition is known at its end: what an earlier one of its name had is put aside.
    fn begin(&mut self, node: &Node, inside: &Inside) {
        for cell in &inside.cells {
            let before = self.take(node, *cell);
            self.aside.push(before);
        }
        for other in &inside.nodes {
            self.seen[*other] = 0;
        }
    }

    /// Leaves such an element: it is the one that is meant, or it is passed over.
    fn conclude(&mut self, number: usize, node: &Node, inside: &Inside) -> Result<(), Refusal> {
        let said = self.take(node, inside.cell);
        let holds = said.as_deref().is_some_and(|said| scan::trimmed(said) == inside.value);
        if holds && self.was_seen(number, node) {
            return Err(self.twice(number));
        }
        let before = self.aside.split_off(self.aside.len() - inside.cells.len());
        if holds {
            if let Some(said) = said {
                self.set(node, inside.cell, said);
            }
            return Ok(());
        }
        for (cell, before) in inside.cells.iter().zip(before) {
            self.take(node, *cell);
            if let Some(before) = before {
                self.set(node, *cell, before);
            }
        }
        Ok(())
    }

    fn take(&mut self, node: &Node, cell: usize) -> Option<Cow<'a, str>> {
        if node.level == self.depth { self.rows.take(cell) } else { self.above.get_mut(cell)?.take() }
    }

    /// Enters an element of the way.
    fn enter(&mut self, node: &Node) {
        let level = node.level;
        if let Some(number) = self.place.get_mut(level - 1) {
            *number += 1;
        }
        // Those below begin anew.
        self.place.iter_mut().skip(level).for_each(|number| *number = 0);
        self.entered[level] += 1;
        self.first[level] = self.rows.read();
    }

    /// Leaves an element of the way.
    fn leave(&mut self, node: &Node, reader: &Reader<'a>) -> Result<(), Wrong> {
        let level = node.level;
        if level == self.depth {
            self.rows.make_room(reader.position(), self.length);
            return self.rows.end(&self.place);
        }
        let place = self.place.get(..level).unwrap_or_default();
        self.rows.close(level, place, self.first[level], self.tree.of_level(level), &mut self.above);
        Ok(())
    }

    fn attributes(&mut self, node: &Node, reader: &Reader<'a>) {
        for (name, cell) in &node.attributes {
            if let Some(text) = reader.attribute_text(name) {
                self.set(node, *cell, text);
            }
        }
    }

    fn text(&mut self, number: usize, node: &Node, reader: &mut Reader<'a>) -> Result<(), Wrong> {
        let text = reader.text().map_err(|error| self.not_taken(number, error))?;
        if let Some(cell) = node.text {
            self.set(node, cell, text);
        }
        Ok(())
    }

    #[inline]
    fn set(&mut self, node: &Node, cell: usize, text: Cow<'a, str>) {
        if node.level == self.depth {
            self.rows.set(cell, text);
        } else if let Some(place) = self.above.get_mut(cell) {
            *place = Some(text);
        }
    }

    #[cold]
    fn not_taken(&self, node: usize, error: XmlError) -> Refusal {
        Refusal::from(error).at(self.tree.name_of(node, &self.place))
    }

    #[cold]
    fn twice(&self, node: usize) -> Refusal {
        let name = self.tree.name_of(node, &self.place);
        Refusal::new(422, "field-twice", format!("`{name}` stands twice")).at(name)
    }
}
