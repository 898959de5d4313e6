//! The records of a message, as a format finds them, and the transactions that they become.

use std::borrow::Cow;

use tallygate_policy::batch::number_ids;
use tallygate_policy::{Refusal, Transaction};

use crate::Description;
use crate::fields::Last;
use crate::totals::Part;
use crate::value::Record;
use crate::wrong::{Fault, Wrong};

/// What became of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// The transactions, in the order of their records.
    pub transactions: Vec<Transaction>,
    /// Where each comes from, if that was asked for.
    pub origins: Vec<Vec<u32>>,
}

/// The records of a message: the format sets the cells of one, and ends it.
pub struct Rows<'d, 'a> {
    description: &'d Description,
    /// The cells of the record that is read; behind those of the records before it, if these wait.
    cells: Vec<Option<Cow<'a, str>>>,
    /// Where the records that wait are, as many numbers each as a place has.
    places: Vec<u32>,
    place_length: usize,
    /// Records wait for what stands above them, or for totals.
    waits: bool,
    with_origins: bool,
    read: usize,
    groups: Vec<Group<'a>>,
    parts: Vec<Part>,
    /// Attributes that are carried along as they are: of which record, name and value.
    carried: Vec<(usize, String, String)>,
    last: Last,
    made: Made,
}

/// A stretch of records, and what was stated of it.
struct Group<'a> {
    total: usize,
    records: std::ops::Range<usize>,
    stated: [Option<Cow<'a, str>>; 2],
    place: Vec<u32>,
}

impl<'d, 'a> Rows<'d, 'a> {
    /// None yet. A place is told by so many numbers; with `waits`, cells are set from above later, by
    /// [`close`](Rows::close).
    #[must_use]
    pub fn new(description: &'d Description, place_length: usize, waits: bool, with_origins: bool) -> Self {
        let mut cells = Vec::with_capacity(description.cells);
        cells.resize(description.cells, None);
        Self {
            description,
            cells,
            places: Vec::new(),
            place_length,
            waits: waits || !description.totals.is_empty(),
            with_origins,
            read: 0,
            groups: Vec::new(),
            parts: Vec::new(),
            carried: Vec::new(),
            last: Last::default(),
            made: Made { transactions: Vec::new(), origins: Vec::new() },
        }
    }

    /// How many records were read.
    #[must_use]
    pub fn read(&self) -> usize {
        self.read
    }

    /// Makes room where there is none left: for all that the rest of the message holds, if it is as that which was read so
    /// far. What a list has outgrown is not given back in a policy, so it should grow seldom.
    pub fn make_room(&mut self, at: usize, length: usize) {
        let known = self.read + 1;
        let like_these = || 1 + (length.saturating_sub(at) / (at / known).max(1)).max(known / 2);
        if self.waits {
            if self.cells.len() + self.description.cells > self.cells.capacity() {
                let records = like_these();
                self.cells.reserve_exact(records * self.description.cells);
                self.places.reserve_exact(records * self.place_length);
            }
        } else if self.read > 0 && self.made.transactions.len() == self.made.transactions.capacity() {
            self.made.transactions.reserve_exact(like_these());
        }
    }

    /// Sets a cell of the record that is read. False: it was set already.
    #[inline]
    pub fn set(&mut self, cell: usize, text: Cow<'a, str>) -> bool {
        let begin = if self.waits { self.read * self.description.cells } else { 0 };
        match self.cells.get_mut(begin + cell) {
            Some(place) => place.replace(text).is_none(),
            None => true,
        }
    }

    /// Whether records wait for what stands around them.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.waits
    }

    /// Carries an attribute along with the record that is read.
    pub fn carry(&mut self, name: String, value: String) {
        self.carried.push((self.read, name, value));
    }

    /// Takes what stands in a cell of the record that is read.
    pub fn take(&mut self, cell: usize) -> Option<Cow<'a, str>> {
        let begin = if self.waits { self.read * self.description.cells } else { 0 };
        self.cells.get_mut(begin + cell)?.take()
    }

    /// Ends the record that is read, which is at a place.
    ///
    /// # Errors
    /// When no transaction can be made of it.
    pub fn end(&mut self, place: &[u32]) -> Result<(), Wrong> {
        self.read += 1;
        if self.waits {
            self.places.extend_from_slice(place);
            let length = self.cells.len() + self.description.cells;
            self.cells.resize(length, None);
            return Ok(());
        }
        let mut cells = std::mem::take(&mut self.cells);
        let made = self.transaction(&cells, self.read, place);
        cells.iter_mut().for_each(|cell| *cell = None);
        self.cells = cells;
        made
    }

    /// Ends what stands around the records from `first` on, at a level: its cells, which are taken out, are theirs, and
    /// its totals are over them.
    pub fn close(
        &mut self,
        level: usize,
        place: &[u32],
        first: usize,
        own: impl Iterator<Item = usize>,
        cells: &mut [Option<Cow<'a, str>>],
    ) {
        for (total, stated) in self.description.totals.iter().enumerate() {
            if stated.level == level {
                let stated = stated.stated(cells);
                self.groups.push(Group { total, records: first..self.read, stated, place: place.to_vec() });
            }
        }
        let width = self.description.cells;
        for cell in own {
            let Some(text) = cells.get_mut(cell).and_then(Option::take) else { continue };
            for record in first..self.read {
                if let Some(place) = self.cells.get_mut(record * width + cell) {
                    *place = Some(text.clone());
                }
            }
        }
    }

    /// Ends the message. `none` is told where there was no record.
    ///
    /// # Errors
    /// When no transaction can be made of a record, or a total differs.
    pub fn finish(mut self, none: impl FnOnce() -> Refusal) -> Result<Made, Wrong> {
        if self.read == 0 && !self.description.empty {
            return Err(Wrong::Told(none()));
        }
        if self.waits {
            // From the last on they are taken from the end.
            self.carried.reverse();
            let cells = std::mem::take(&mut self.cells);
            let places = std::mem::take(&mut self.places);
            self.made.transactions.reserve_exact(self.read);
            for (index, record) in cells.chunks_exact(self.description.cells.max(1)).take(self.read).enumerate() {
                let place = places.get(index * self.place_length..(index + 1) * self.place_length).unwrap_or_default();
                self.transaction(record, index + 1, place)?;
            }
        }
        for group in &self.groups {
            let Some(total) = self.description.totals.get(group.total) else { continue };
            let parts = self.parts.get(group.records.clone()).unwrap_or_default();
            let writing = &self.description.fields.amounts.writing;
            total.check(&group.stated, parts, writing).map_err(|fault| fault.of(&group.place, None))?;
        }
        if self.description.number_ids {
            number_ids(&mut self.made.transactions);
        }
        Ok(self.made)
    }

    /// Makes the transaction of a record, unless a filter leaves it out.
    fn transaction(&mut self, cells: &[Option<Cow<'a, str>>], ordinal: usize, place: &[u32]) -> Result<(), Wrong> {
        let Description { fields, filter, totals, trim, .. } = self.description;
        let record = Record { cells, ordinal, trim: *trim };
        let carried = self.carried(ordinal - 1);
        let made = || -> Result<(), Fault> {
            let mut counts = true;
            for filter in filter {
                counts = counts && filter.holds(record)?;
            }
            if !counts && totals.is_empty() {
                return Ok(());
            }
            let mut amount = None;
            if !totals.is_empty() {
                let read = fields.amounts.of(record)?;
                self.parts.push(Part::new(&read, counts)?);
                amount = Some(read);
            }
            if counts {
                self.made.transactions.push(fields.transaction(record, amount, carried, &mut self.last)?);
                if self.with_origins {
                    self.made.origins.push(place.to_vec());
                }
            }
            Ok(())
        };
        made().map_err(|fault| {
            let id = fields.id.of(record).ok().flatten().map(Cow::into_owned);
            fault.of(place, id)
        })
    }

    /// The attributes that are carried along with a record.
    fn carried(&mut self, record: usize) -> Vec<(String, String)> {
        if !self.waits {
            return self.carried.drain(..).map(|(_, name, value)| (name, value)).collect();
        }
        let mut carried = Vec::new();
        while self.carried.last().is_some_and(|(of, _, _)| *of == record) {
            carried.extend(self.carried.pop().map(|(_, name, value)| (name, value)));
        }
        carried
    }
}
