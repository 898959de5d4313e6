//! A body: one object, an array of objects, objects one behind the other, or a document with records in it.

use std::borrow::Cow;

use described::{Format, Made, Paths, Rows, Wrong};
use tallygate_policy::{Refusal, first_bytes, scan};

use crate::Json;
use crate::names::Names;
use crate::scanner::{NotJson, Scanner};
use crate::tree::{Holds, Node, Tree, escaped};

/// The longest name that a refusal repeats.
const LONGEST_NAME: usize = 1024;

/// Reads a body.
pub(crate) fn read(json: &Json, message: &[u8], origins: bool) -> Result<Made, Wrong> {
    let body = text(message)?;
    let tree = &json.tree;
    let depth = tree.depth();
    let waits = tree.waits;
    let mut walk = Walk {
        scanner: Scanner::new(body),
        body,
        tree,
        depth,
        comma: json.description.decimal() != '.',
        rows: Rows::new(json.description(), tree.arrays(), waits, origins),
        above: if waits { vec![None; tree.cells()] } else { Vec::new() },
        place: vec![0; tree.arrays()],
        at: 0,
    };
    match walk.document() {
        Ok(()) => {}
        Err(stop) => return Err(walk.wrong(stop)),
    }
    walk.rows.finish(|| {
        if tree.plain {
            let detail = "the array is empty; at least one transaction would be right";
            return Refusal::new(422, "no-transactions", detail);
        }
        let pointer = tree.shown();
        Refusal::new(422, "no-records", format!("there is no record at `{pointer}`; at least one would be right"))
            .at(pointer)
    })
}

fn text(message: &[u8]) -> Result<&str, Refusal> {
    if let Some(told) = first_bytes::told(message) {
        let detail = format!("the body is {told}; JSON in plain UTF-8, as it begins with `{{` or `[`, would be right");
        return Err(Refusal::new(400, "not-json", detail));
    }
    scan::text(message).map_err(|error| {
        Refusal::new(400, "not-json", format!("byte {} is not UTF-8, which JSON is in", error.valid_up_to() + 1))
    })
}

/// Where the reading is.
struct Walk<'j, 'a> {
    scanner: Scanner<'a>,
    body: &'a str,
    tree: &'j Tree,
    /// The level of the records.
    depth: usize,
    /// Amounts in texts have a comma before their fraction.
    comma: bool,
    rows: Rows<'j, 'a>,
    /// Cells of what stands around the record.
    above: Vec<Option<Cow<'a, str>>>,
    /// For each array on the way the number of the element, from 1.
    place: Vec<u32>,
    /// The node that is read, for refusals.
    at: usize,
}

/// Why a body is not taken.
enum Stop<'a> {
    NotJson(NotJson),
    Twice(Cow<'a, str>),
    Wrong(&'static str),
    /// Of a member of the attributes.
    Attribute(Cow<'a, str>),
    Told(Wrong),
}

impl From<NotJson> for Stop<'_> {
    fn from(error: NotJson) -> Self {
        Self::NotJson(error)
    }
}

impl From<Wrong> for Stop<'_> {
    fn from(wrong: Wrong) -> Self {
        Self::Told(wrong)
    }
}

impl<'a> Walk<'_, 'a> {
    fn document(&mut self) -> Result<(), Stop<'a>> {
        match self.scanner.peek() {
            None if self.tree.plain => {
                let detail = "the body is empty; a transaction, an array of them, or one a line would be right";
                Err(Wrong::Told(Refusal::new(400, "not-json", detail)).into())
            }
            Some(b'{') if self.tree.plain => self.lines(),
            Some(b'[') if self.tree.plain => {
                self.value(0)?;
                self.end()
            }
            _ if self.tree.plain => Ok(self.scanner.fail("an object or an array of objects was expected")?),
            _ => {
                self.value(0)?;
                self.end()
            }
        }
    }

    fn end(&mut self) -> Result<(), Stop<'a>> {
        self.at = 0;
        match self.scanner.peek() {
            None => Ok(()),
            Some(_) if self.tree.plain => Ok(self.scanner.fail("something behind the end of the array")?),
            Some(_) => Ok(self.scanner.fail("something behind the end of the document")?),
        }
    }

    /// One object, or several with blanks or line ends between.
    fn lines(&mut self) -> Result<(), Stop<'a>> {
        let mut number = 0_u32;
        while self.scanner.peek().is_some() {
            // One alone is no element of anything; the second is told as `/1`.
            self.place[0] = if number == 0 { 0 } else { number + 1 };
            self.value(self.tree.record())?;
            number += 1;
        }
        Ok(())
    }

    /// Reads the value at a place.
    fn value(&mut self, number: usize) -> Result<(), Stop<'a>> {
        let Some(node) = self.tree.node(number) else { return Ok(self.scanner.skip()?) };
        let around = std::mem::replace(&mut self.at, number);
        if let Some(cell) = node.cell {
            self.cell(node, cell)?;
        } else if node.on_way {
            self.way(node, number)?;
        } else {
            self.inside(node)?;
        }
        self.at = around;
        Ok(())
    }

    /// Reads what is a record, or stands around some.
    fn way(&mut self, node: &Node, number: usize) -> Result<(), Stop<'a>> {
        let is_record = number == self.tree.record();
        let first = self.rows.read();
        match (self.scanner.peek(), node.any) {
            (Some(b'{'), None) => self.object(node)?,
            (Some(b'['), None) if !(is_record && self.tree.plain) => self.elements(node)?,
            (Some(b'['), Some(_)) => self.elements(node)?,
            _ if is_record && self.tree.plain => return Ok(self.scanner.fail("an object was expected")?),
            (_, any) => {
                self.scanner.skip()?;
                return Err(Stop::Wrong(if any.is_some() { "it would be an array" } else { "it would be an object" }));
            }
        }
        if is_record {
            self.rows.make_room(self.scanner.at, self.body.len());
            return Ok(self.rows.end(&self.place)?);
        }
        if !self.above.is_empty() || self.rows.waits() {
            let arrays = self.place.len();
            let place = self.place.get(..arrays).unwrap_or_default();
            self.rows.close(node.level, place, first, self.tree.of_level(node.level), &mut self.above);
        }
        Ok(())
    }

    /// Reads what pointers lead through.
    fn inside(&mut self, node: &Node) -> Result<(), Stop<'a>> {
        match self.scanner.peek() {
            Some(b'{') => self.object(node),
            Some(b'[') => self.elements(node),
            _ => Ok(self.scanner.skip()?),
        }
    }

    fn object(&mut self, node: &Node) -> Result<(), Stop<'a>> {
        self.members(|walk, name| match walk.tree.child(node, &name) {
            None => Ok(walk.scanner.skip()?),
            Some(child) => walk.value(child),
        })
    }

    /// Walks through an object, which is next, by its names, none of which comes twice; `read` takes what each stands for.
    fn members(
        &mut self,
        mut read: impl FnMut(&mut Self, Cow<'a, str>) -> Result<(), Stop<'a>>,
    ) -> Result<(), Stop<'a>> {
        self.scanner.at += 1;
        if self.scanner.take(b'}') {
            return Ok(());
        }
        let mut names = Names::default();
        loop {
            let name = self.scanner.name()?;
            if names.repeats(&name) {
                return Err(Stop::Twice(name));
            }
            read(self, name)?;
            if self.scanner.take(b'}') {
                return Ok(());
            }
            if !self.scanner.take(b',') {
                return Ok(self.scanner.fail("a `,` or `}` was expected")?);
            }
        }
    }

    fn elements(&mut self, node: &Node) -> Result<(), Stop<'a>> {
        self.scanner.at += 1;
        if self.scanner.take(b']') {
            return Ok(());
        }
        // Which of the numbers of a place is this array's.
        let array = node.any.map(|_| self.tree.arrays_above(node.level));
        let mut index = 0_u32;
        loop {
            match (node.any, array) {
                (Some(element), Some(array)) => {
                    self.place[array] = index + 1;
                    self.place.iter_mut().skip(array + 1).for_each(|number| *number = 0);
                    self.value(element)?;
                }
                _ => match self.tree.child(node, &index.to_string()) {
                    None => self.scanner.skip()?,
                    Some(child) => self.value(child)?,
                },
            }
            if self.scanner.take(b']') {
                return Ok(());
            }
            if !self.scanner.take(b',') {
                return Ok(self.scanner.fail("a `,` or `]` was expected")?);
            }
            index += 1;
        }
    }

    /// Reads what is in a cell: a text, a number by its own text, or true or false; null is nothing.
    fn cell(&mut self, node: &Node, cell: usize) -> Result<(), Stop<'a>> {
        let next = self.scanner.peek();
        let text = match (node.holds, next) {
            (Holds::Attributes, Some(b'n')) => return Ok(self.scanner.skip()?),
            (Holds::Attributes, _) => return self.attributes(),
            (_, Some(b'"')) => self.scanner.text()?,
            (holds, Some(b'-' | b'0'..=b'9')) => {
                let number = self.scanner.number()?;
                if holds == Holds::Number && self.comma {
                    Cow::Owned(number.replace('.', ","))
                } else if holds == Holds::Text && number.contains(['.', 'e', 'E']) {
                    return Err(Stop::Wrong("it would be a text or a whole number"));
                } else {
                    Cow::Borrowed(number)
                }
            }
            (_, Some(b'n')) => return Ok(self.scanner.skip()?),
            (Holds::Text, Some(b't' | b'f')) => {
                self.scanner.skip()?;
                Cow::Borrowed(if next == Some(b't') { "true" } else { "false" })
            }
            (holds, _) => {
                self.scanner.skip()?;
                let number = "it would be a number, or a text with one";
                return Err(Stop::Wrong(if holds == Holds::Number { number } else { "it would be a text" }));
            }
        };
        if node.level == self.depth {
            self.rows.set(cell, text);
        } else if let Some(place) = self.above.get_mut(cell) {
            *place = Some(text);
        }
        Ok(())
    }

    fn attributes(&mut self) -> Result<(), Stop<'a>> {
        if self.scanner.peek() != Some(b'{') {
            self.scanner.skip()?;
            return Err(Stop::Wrong("it would be an object of texts"));
        }
        self.members(|walk, name| {
            if walk.scanner.peek() != Some(b'"') {
                walk.scanner.skip()?;
                return Err(Stop::Attribute(name));
            }
            let value = walk.scanner.text()?;
            walk.rows.carry(name.into_owned(), value.into_owned());
            Ok(())
        })
    }

    /// What the partner is told.
    #[cold]
    fn wrong(&self, stop: Stop<'a>) -> Wrong {
        let here = self.tree.name_of(self.at, &self.place);
        let further = |name: &str| {
            let shown = &name[..name.floor_char_boundary(LONGEST_NAME)];
            format!("{here}/{}", escaped(shown))
        };
        let refusal = match stop {
            Stop::Told(wrong) => return wrong,
            Stop::NotJson(NotJson { at, detail }) => {
                let (line, column) = scan::line_and_column(self.body.as_bytes(), at);
                let refusal = Refusal::new(400, "not-json", format!("{detail} at line {line}, column {column}"));
                if here.is_empty() { refusal } else { refusal.at(here) }
            }
            Stop::Twice(name) => {
                let name = further(&name);
                let detail = format!("`{name}` stands twice in one object; which of them counts is nowhere said");
                Refusal::new(422, "name-twice", detail).at(name)
            }
            Stop::Attribute(name) => {
                let name = further(&name);
                Refusal::new(422, "wrong-field", format!("`{name}`: each attribute would be a text")).at(name)
            }
            Stop::Wrong(detail) => Refusal::new(422, "wrong-field", format!("`{here}`: {detail}")).at(here),
        };
        Wrong::Told(refusal)
    }
}
