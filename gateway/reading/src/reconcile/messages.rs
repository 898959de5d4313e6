//! Every message: what of it was accepted, and what of that the log has, each record once.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use tallygate_core::{Amount, Currency, Day, MessageNumber, RecordNumber, Run, Sum};

use super::damage::Damage;
use super::error::ReconcileError;
use super::figures::Figures;
use super::group::Group;
use super::journal::{Accepted, Journals, Line};
use super::named::Named;
use super::numbers::{Bit, NO_SUCH_NUMBER, NoSuchNumber, Numbers};
use super::scope::Scope;
use super::tally::{Tallies, Tally};
use crate::limits::{DETAILED_MESSAGES, FOREIGN_NUMBERS, NAMED_MESSAGES};

/// What was accepted, and what of it the log has.
pub(super) struct Messages {
    pub(super) tallies: Tallies,
    /// What cannot be read of the journals.
    pub(super) damage: Damage,
    /// Records of messages that were accepted while reading, of which the log had others.
    pub(super) to_come: u64,
    scope: Scope,
    accepted: Numbers,
    /// The records of the log that read.
    seen: Numbers,
    /// Those that do not, where their number does.
    unread: Numbers,
    unanswered: Numbers,
    /// Numbers on the log that no gateway gives: whoever wrote those records, nobody accepted them.
    foreign: HashSet<RecordNumber>,
    /// Some of the unanswered, with what the log has of them.
    details: BTreeMap<MessageNumber, Vec<(Group, Figures)>>,
    /// By run, the last day under which anything unanswered is filed.
    unanswered_until: HashMap<Run, Day>,
    /// Those with a journal.
    runs: HashSet<Run>,
}

/// A record of the log, as the fold files it.
pub(super) struct Sight<'a> {
    pub(super) number: RecordNumber,
    pub(super) partner: &'a str,
    pub(super) currency: Currency,
    pub(super) amount: Amount,
    /// Its own day.
    pub(super) day: Day,
    /// The day under which its figures stand.
    pub(super) filed: Day,
    /// Whether it is not folded yet.
    pub(super) waits: bool,
}

/// Whether a record is in the log for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    First,
    Again,
}

/// Accepted messages of which the log lacks something.
#[derive(Default)]
pub(super) struct Lost {
    /// Some of them, with all that was accepted of them, and whether the log has a part of it.
    pub(super) some: Vec<(Named, bool)>,
    numbers: Numbers,
}

impl Messages {
    pub(super) fn read(journals: &dyn Journals, scope: &Scope) -> Result<Self, ReconcileError> {
        let mut messages = Self {
            tallies: Tallies::new(),
            damage: Damage::default(),
            to_come: 0,
            scope: scope.clone(),
            accepted: Numbers::default(),
            seen: Numbers::default(),
            unread: Numbers::default(),
            unanswered: Numbers::default(),
            foreign: HashSet::new(),
            details: BTreeMap::new(),
            unanswered_until: HashMap::new(),
            runs: HashSet::new(),
        };
        for line in journals.lines().map_err(ReconcileError::Journal)? {
            match line {
                Line::Accepted(accepted) => messages.accept(&accepted)?,
                Line::Damage(damage) => messages.damage.add(damage),
            }
        }
        Ok(messages)
    }

    /// A journal that is given twice counts once.
    fn accept(&mut self, accepted: &Accepted) -> Result<(), NoSuchNumber> {
        self.runs.insert(accepted.number.run);
        let mut is_new = false;
        for bit in Bit::all(accepted.number, accepted.records())? {
            is_new |= self.accepted.insert(bit);
        }
        if is_new {
            for (group, figures) in groups(accepted, &self.scope) {
                self.tallies.entry(group).or_default().accepted.add_all(figures);
            }
        }
        Ok(())
    }

    /// Notes a record of the log.
    pub(super) fn see(&mut self, sight: &Sight<'_>) -> Result<Delivery, NoSuchNumber> {
        let bit = Bit::of(sight.number).ok();
        let is_new = match bit {
            Some(bit) => !self.unread.contains(bit) && self.seen.insert(bit),
            None => self.is_foreign(sight.number)?,
        };
        if !is_new {
            return Ok(Delivery::Again);
        }
        let figures = Figures { count: 1, sum: Sum::default().plus(sight.amount) };
        if self.scope.takes(sight.day, sight.partner) {
            let group = Group { day: sight.day, partner: sight.partner.to_owned(), currency: sight.currency };
            let is_answered = bit.is_some_and(|bit| self.accepted.contains(bit));
            if !is_answered {
                let until = self.unanswered_until.entry(sight.number.message.run).or_insert(sight.filed);
                *until = (*until).max(sight.filed);
                self.note_unanswered(sight.number, bit, &group, figures);
            }
            let tally = self.tallies.entry(group).or_default();
            let held = if is_answered { &mut tally.found } else { &mut tally.unanswered };
            held.add_all(figures);
            if sight.filed == sight.day {
                if sight.waits {
                    tally.waiting.add_all(figures);
                }
                return Ok(Delivery::First);
            }
            tally.filed_elsewhere.add_all(figures);
        }
        if sight.filed != sight.day && self.scope.takes(sight.filed, sight.partner) {
            let group = Group { day: sight.filed, partner: sight.partner.to_owned(), currency: sight.currency };
            let tally = self.tallies.entry(group).or_default();
            tally.filed_here.add_all(figures);
            if sight.waits {
                tally.waiting.add_all(figures);
            }
        }
        Ok(Delivery::First)
    }

    /// Notes a record of the log that does not read, but for its number.
    pub(super) fn see_unreadable(&mut self, number: RecordNumber) -> Result<Delivery, NoSuchNumber> {
        let is_new = match Bit::of(number) {
            Ok(bit) => !self.seen.contains(bit) && self.unread.insert(bit),
            Err(_) => self.is_foreign(number)?,
        };
        Ok(if is_new { Delivery::First } else { Delivery::Again })
    }

    /// Notes a number that no gateway gives, and says whether it is new. Of very many, it is said instead of counting.
    fn is_foreign(&mut self, number: RecordNumber) -> Result<bool, NoSuchNumber> {
        if self.foreign.contains(&number) {
            return Ok(false);
        }
        if self.foreign.len() >= FOREIGN_NUMBERS {
            return Err(NoSuchNumber(number));
        }
        self.damage.add(format!("the log has a record {number}, {NO_SUCH_NUMBER}"));
        Ok(self.foreign.insert(number))
    }

    fn note_unanswered(&mut self, number: RecordNumber, bit: Option<Bit>, group: &Group, figures: Figures) {
        if let Some(bit) = bit {
            self.unanswered.insert(bit);
        }
        if self.details.len() >= DETAILED_MESSAGES && !self.details.contains_key(&number.message) {
            return;
        }
        let detail = self.details.entry(number.message).or_default();
        match detail.iter_mut().find(|(held, _)| held == group) {
            Some((_, held)) => held.add_all(figures),
            None => detail.push((group.clone(), figures)),
        }
    }

    /// Whether the log lacks anything that was accepted of days that can be proved.
    pub(super) fn lacks_any(&self, provable: impl Fn(Day) -> bool) -> bool {
        let lacks = |(group, tally): (&Group, &Tally)| provable(group.day) && tally.missing() != Figures::default();
        self.tallies.iter().any(lacks)
    }

    /// Reads the journals once more: what was accepted while the log was being read was answered after all, and what the
    /// log lacks gets its name.
    pub(super) fn read_again(
        &mut self,
        journals: &dyn Journals,
        provable: impl Fn(Day) -> bool,
    ) -> Result<Lost, ReconcileError> {
        self.runs.extend(journals.runs().map_err(ReconcileError::Journal)?);
        let mut lost = Lost::default();
        for line in journals.lines().map_err(ReconcileError::Journal)? {
            let Line::Accepted(accepted) = line else { continue };
            self.runs.insert(accepted.number.run);
            let bits = Bit::all(accepted.number, accepted.records())?;
            let seen = bits.clone().filter(|bit| self.seen.contains(*bit)).count() as u64;
            if bits.clone().all(|bit| !self.accepted.contains(bit)) {
                self.answer(&accepted, bits, seen);
            } else if bits.clone().any(|bit| self.accepted.contains(bit) && !self.seen.contains(bit)) {
                let of = groups(&accepted, &self.scope).filter(|(group, _)| provable(group.day));
                lost.add(&accepted, of, seen > 0);
            }
        }
        Ok(lost)
    }

    /// What the log did not have yet of a message when it was read is under way.
    fn answer(&mut self, accepted: &Accepted, bits: impl Iterator<Item = Bit>, seen: u64) {
        let journalled: Vec<(Group, Figures)> = groups(accepted, &self.scope).collect();
        if seen == 0 || journalled.is_empty() {
            return;
        }
        let is_whole = seen == accepted.records();
        let detail = self.details.remove(&accepted.number);
        if !is_whole {
            self.to_come += accepted.records() - seen;
            if detail.is_none() {
                return;
            }
        }
        for bit in bits.filter(|bit| self.seen.contains(*bit)) {
            self.unanswered.remove(bit);
            self.accepted.insert(bit);
        }
        let in_log = detail.unwrap_or_else(|| journalled.clone());
        for (group, figures) in if is_whole { &journalled } else { &in_log } {
            let tally = self.tallies.entry(group.clone()).or_default();
            tally.accepted.add_all(*figures);
            tally.found.add_all(*figures);
        }
        for (group, figures) in in_log {
            let tally = self.tallies.entry(group).or_default();
            tally.unanswered = tally.unanswered.without(figures);
        }
    }

    /// Every day that journals or log speak of.
    pub(super) fn days(&self) -> BTreeSet<Day> {
        self.tallies.keys().map(|group| group.day).collect()
    }

    /// Whether the log has records that no gateway can have accepted.
    pub(super) fn has_foreign_numbers(&self) -> bool {
        !self.foreign.is_empty()
    }

    /// Messages in the log that no journal accepted: some of them, and how many there are.
    pub(super) fn never_answered(&self) -> (Vec<Named>, u64) {
        let named = self.details.iter().flat_map(|(number, groups)| {
            groups.iter().map(|(group, figures)| Named { number: *number, group: group.clone(), figures: *figures })
        });
        let foreign: HashSet<MessageNumber> = self.foreign.iter().map(|number| number.message).collect();
        (named.take(NAMED_MESSAGES).collect(), self.unanswered.messages() + foreign.len() as u64)
    }

    /// Runs of which the log has something of days that can be proved, and nobody a journal.
    pub(super) fn runs_without_journal(&self, provable: impl Fn(Day) -> bool) -> Vec<String> {
        let is_missing = |run: &Run| {
            !self.runs.contains(run) && self.unanswered_until.get(run).is_some_and(|until| provable(*until))
        };
        let mut runs: Vec<Run> = self.unanswered.runs().filter(is_missing).collect();
        runs.sort_unstable();
        runs.iter().map(ToString::to_string).collect()
    }
}

impl Lost {
    /// How many messages these are.
    pub(super) fn messages(&self) -> u64 {
        self.numbers.messages()
    }

    fn add(&mut self, accepted: &Accepted, of: impl Iterator<Item = (Group, Figures)>, in_part: bool) {
        let mut of = of.peekable();
        let bit = Bit::of(RecordNumber { message: accepted.number, ordinal: 0 });
        if of.peek().is_none() || !bit.is_ok_and(|bit| self.numbers.insert(bit)) {
            return;
        }
        let room = NAMED_MESSAGES.saturating_sub(self.some.len());
        let named = of.take(room).map(|(group, figures)| Named { number: accepted.number, group, figures });
        self.some.extend(named.map(|named| (named, in_part)));
    }
}

fn groups<'a>(accepted: &'a Accepted, scope: &'a Scope) -> impl Iterator<Item = (Group, Figures)> + 'a {
    let taken = accepted.sums.iter().filter(|sum| scope.takes(sum.day, &accepted.partner));
    taken.map(|sum| {
        let group = Group { day: sum.day, partner: accepted.partner.clone(), currency: sum.currency };
        (group, Figures { count: sum.count, sum: sum.sum })
    })
}
