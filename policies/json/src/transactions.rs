//! Reads transactions out of a body: one object, an array of objects, or objects one behind the other.

use std::borrow::Cow;

use tallygate_policy::{Refusal, Transaction, scan};

use crate::fields::{Field, Found, Wrong};
use crate::names::Names;
use crate::pointers::Node;
use crate::scanner::{NotJson, Scanner};

/// Reads all transactions of a body.
pub(crate) fn read(body: &str, root: &Node) -> Result<Vec<Transaction>, Refusal> {
    let mut reader = Reader { scanner: Scanner::new(body), body, path: String::new() };
    match reader.scanner.peek() {
        Some(b'[') => reader.array(root),
        Some(b'{') => reader.lines(root),
        Some(_) => reader.not_json(reader.scanner.at, "an object or an array of objects was expected"),
        None => Err(Refusal::new(
            400,
            "not-json",
            "the body is empty; a transaction, an array of them, or one a line would be right",
        )),
    }
}

struct Reader<'a> {
    scanner: Scanner<'a>,
    body: &'a str,
    /// Where the reader is, as a JSON Pointer.
    path: String,
}

/// Why an object was not taken.
enum Stop {
    NotJson(NotJson),
    Wrong(Wrong),
    Twice,
    TooLong,
}

impl From<NotJson> for Stop {
    fn from(error: NotJson) -> Self {
        Self::NotJson(error)
    }
}

impl From<Wrong> for Stop {
    fn from(wrong: Wrong) -> Self {
        Self::Wrong(wrong)
    }
}

impl<'a> Reader<'a> {
    fn array(&mut self, root: &Node) -> Result<Vec<Transaction>, Refusal> {
        self.scanner.at += 1;
        let mut transactions = Vec::new();
        if self.scanner.take(b']') {
            return Err(Refusal::new(
                422,
                "no-transactions",
                "the array is empty; at least one transaction would be right",
            ));
        }
        loop {
            let next = self.transaction(root, Some(transactions.len()))?;
            self.add(&mut transactions, next);
            if self.scanner.take(b']') {
                break;
            }
            if !self.scanner.take(b',') {
                return self.not_json(self.scanner.at, "a `,` or `]` was expected");
            }
        }
        match self.scanner.peek() {
            None => Ok(transactions),
            Some(_) => self.not_json(self.scanner.at, "something behind the end of the array"),
        }
    }

    /// One object, or several with blanks or line ends between.
    fn lines(&mut self, root: &Node) -> Result<Vec<Transaction>, Refusal> {
        let mut transactions = vec![self.transaction(root, None)?];
        while self.scanner.peek().is_some() {
            let next = self.transaction(root, Some(transactions.len()))?;
            self.add(&mut transactions, next);
        }
        Ok(transactions)
    }

    /// Adds one. A list that is full gets room for all that the rest of the body holds, if they are as long as those so far:
    /// what a list has outgrown is not given back here, so it should grow seldom.
    fn add(&self, transactions: &mut Vec<Transaction>, next: Transaction) {
        let known = transactions.len();
        if known == transactions.capacity() {
            let rest = self.body.len().saturating_sub(self.scanner.at);
            let like_these = rest / (self.scanner.at / (known + 1)).max(1);
            transactions.reserve_exact(1 + like_these.max(known / 2));
        }
        transactions.push(next);
    }

    fn transaction(&mut self, root: &Node, index: Option<usize>) -> Result<Transaction, Refusal> {
        self.path.clear();
        if let Some(index) = index {
            self.path = format!("/{index}");
        }
        let here = self.path.len();
        if self.scanner.peek() != Some(b'{') {
            return self.not_json(self.scanner.at, "an object was expected");
        }
        let mut found = Found::default();
        match self.object(root, &mut found).and_then(|()| found.finish().map_err(Stop::Wrong)) {
            Ok(transaction) => Ok(transaction),
            Err(stop) => Err(self.refusal(stop, here, root)),
        }
    }

    /// Walks through an object along the places that matter.
    fn object(&mut self, place: &Node, found: &mut Found<'a>) -> Result<(), Stop> {
        self.scanner.at += 1;
        if self.scanner.take(b'}') {
            return Ok(());
        }
        let mut names = Names::default();
        loop {
            let name = self.scanner.name()?;
            let child = place.child(&name);
            let known = self.path.len();
            if names.repeats(&name) {
                self.step(&name)?;
                return Err(Stop::Twice);
            }
            match child {
                None => self.scanner.skip()?,
                Some(child) => {
                    self.step(&name)?;
                    self.value(child, found)?;
                    self.path.truncate(known);
                }
            }
            if self.scanner.take(b'}') {
                return Ok(());
            }
            if !self.scanner.take(b',') {
                return Ok(self.scanner.fail("a `,` or `}` was expected")?);
            }
        }
    }

    fn value(&mut self, place: &Node, found: &mut Found<'a>) -> Result<(), Stop> {
        let next = self.scanner.peek();
        match (place.field, next) {
            (Some(Field::Attributes), _) => self.attributes(found),
            (Some(field), Some(b'"')) => {
                found.set(field, self.scanner.text()?);
                Ok(())
            }
            (Some(Field::Amount), Some(b'-' | b'0'..=b'9')) => {
                found.set(Field::Amount, Cow::Borrowed(self.scanner.number()?));
                Ok(())
            }
            (Some(field), _) => {
                self.scanner.skip()?;
                let detail = if field == Field::Amount {
                    "it would be a number, or a text with one"
                } else {
                    "it would be a text"
                };
                Err(Wrong { field, detail: detail.into() }.into())
            }
            (None, Some(b'{')) => self.object(place, found),
            (None, Some(b'[')) => self.elements(place, found),
            (None, _) => Ok(self.scanner.skip()?),
        }
    }

    /// Walks through an array that a field is in.
    fn elements(&mut self, place: &Node, found: &mut Found<'a>) -> Result<(), Stop> {
        self.scanner.at += 1;
        if self.scanner.take(b']') {
            return Ok(());
        }
        let mut index = 0_usize;
        loop {
            let name = index.to_string();
            match place.child(&name) {
                None => self.scanner.skip()?,
                Some(child) => {
                    let known = self.path.len();
                    self.step(&name)?;
                    self.value(child, found)?;
                    self.path.truncate(known);
                }
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

    fn attributes(&mut self, found: &mut Found<'a>) -> Result<(), Stop> {
        let wrong = |detail: &'static str| Stop::Wrong(Wrong { field: Field::Attributes, detail: detail.into() });
        if !self.scanner.take(b'{') {
            self.scanner.skip()?;
            return Err(wrong("it would be an object of texts"));
        }
        if self.scanner.take(b'}') {
            return Ok(());
        }
        let mut names = Names::default();
        loop {
            let name = self.scanner.name()?;
            if names.repeats(&name) {
                self.step(&name)?;
                return Err(Stop::Twice);
            }
            if self.scanner.peek() != Some(b'"') {
                self.step(&name)?;
                self.scanner.skip()?;
                return Err(wrong("each of them would be a text"));
            }
            let value = self.scanner.text()?;
            found.attributes.push((name.into_owned(), value.into_owned()));
            if self.scanner.take(b'}') {
                return Ok(());
            }
            if !self.scanner.take(b',') {
                return Ok(self.scanner.fail("a `,` or `}` was expected")?);
            }
        }
    }

    /// Goes one step further in the path.
    fn step(&mut self, name: &str) -> Result<(), Stop> {
        if name.len() > 1024 {
            return Err(Stop::TooLong);
        }
        self.path.push('/');
        for character in name.chars() {
            match character {
                '~' => self.path.push_str("~0"),
                '/' => self.path.push_str("~1"),
                other => self.path.push(other),
            }
        }
        Ok(())
    }

    /// What the partner is told. A field that was missing is named where it would be.
    #[cold]
    fn refusal(&mut self, stop: Stop, here: usize, root: &Node) -> Refusal {
        match stop {
            Stop::NotJson(NotJson { at, detail }) => self.at(at, detail),
            Stop::TooLong => self.at(self.scanner.at, "a name of more than 1024 bytes"),
            Stop::Twice => {
                let detail =
                    format!("`{}` stands twice in one object; which of them counts is nowhere said", self.path);
                Refusal::new(422, "name-twice", detail).at(self.path.clone())
            }
            Stop::Wrong(wrong) => {
                if self.path.len() == here
                    && let Some(pointer) = root.pointer(wrong.field)
                {
                    self.path.push_str(&pointer);
                }
                wrong.refusal(self.path.clone())
            }
        }
    }

    fn not_json<T>(&self, at: usize, detail: &str) -> Result<T, Refusal> {
        Err(self.at(at, detail))
    }

    #[cold]
    fn at(&self, at: usize, detail: &str) -> Refusal {
        let (line, column) = scan::line_and_column(self.body.as_bytes(), at);
        let refusal = Refusal::new(400, "not-json", format!("{detail} at line {line}, column {column}"));
        if self.path.is_empty() { refusal } else { refusal.at(self.path.clone()) }
    }
}
