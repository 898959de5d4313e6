//! Every message: what of it was accepted, and what of that the log has, each record once.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use tallygate_core::{Amount, Day, MessageNumber, RecordNumber, Run, Sum};

use super::error::ReconcileError;
use super::figures::Figures;
use super::group::Group;
use super::journal::{Journals, Line};
use super::named::Named;
use super::ordinals::Ordinals;
use super::scope::Scope;
use crate::limits::RECONCILED_MESSAGES;

/// What was accepted, and what of it the log has.
pub(super) struct Messages {
    groups: Vec<Group>,
    indices: HashMap<Group, u32>,
    messages: HashMap<MessageNumber, Message>,
    /// By group, what the journals accepted.
    accepted: BTreeMap<Group, Figures>,
    runs: HashSet<Run>,
    /// What cannot be read of the journals.
    pub(super) damage: Vec<String>,
    /// How far ahead a transaction's day may lie.
    pub(super) future_days: u16,
}

/// One message.
#[derive(Default)]
struct Message {
    /// What was accepted of it and has not been seen in the log.
    missing: Vec<(u32, Figures)>,
    /// What the log has of it and nobody accepted.
    unanswered: Vec<(u32, Figures)>,
    ordinals: Ordinals,
}

/// Whether a record is in the log for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    First,
    Again,
}

impl Messages {
    pub(super) fn read(journals: &dyn Journals, scope: &Scope) -> Result<Self, ReconcileError> {
        let mut read = Self {
            groups: Vec::new(),
            indices: HashMap::new(),
            messages: HashMap::new(),
            accepted: BTreeMap::new(),
            runs: HashSet::new(),
            damage: Vec::new(),
            future_days: journals.future_days(),
        };
        for line in journals.lines().map_err(ReconcileError::Journal)? {
            let accepted = match line {
                Line::Accepted(accepted) => accepted,
                Line::Damage(damage) => {
                    read.damage.push(damage);
                    continue;
                }
            };
            read.runs.insert(accepted.number.run);
            if !scope.takes(accepted.day, &accepted.partner) {
                continue;
            }
            let group = Group { day: accepted.day, partner: accepted.partner, currency: accepted.currency };
            let figures = Figures { count: accepted.count, sum: accepted.sum };
            let index = read.index(&group);
            read.messages.entry(accepted.number).or_default().missing.push((index, figures));
            read.accepted.entry(group).or_default().add(figures.count, figures.sum);
            if read.messages.len() > RECONCILED_MESSAGES {
                return Err(ReconcileError::TooMany);
            }
        }
        Ok(read)
    }

    /// Notes a record of the log.
    pub(super) fn see(&mut self, number: RecordNumber, group: &Group, amount: Amount) -> Delivery {
        let index = self.index(group);
        let message = self.messages.entry(number.message).or_default();
        if !message.ordinals.insert(number.ordinal) {
            return Delivery::Again;
        }
        let sum = Sum::default().plus(amount);
        let expected = message.missing.iter_mut().find(|(held, figures)| *held == index && figures.count > 0);
        if let Some((_, figures)) = expected {
            figures.count -= 1;
            figures.sum = figures.sum - sum;
            return Delivery::First;
        }
        match message.unanswered.iter_mut().find(|(held, _)| *held == index) {
            Some((_, figures)) => figures.add(1, sum),
            None => message.unanswered.push((index, Figures { count: 1, sum })),
        }
        Delivery::First
    }

    /// What was accepted while the log was being read was answered after all.
    pub(super) fn read_again(&mut self, journals: &dyn Journals) -> Result<(), ReconcileError> {
        for line in journals.lines().map_err(ReconcileError::Journal)? {
            let Line::Accepted(accepted) = line else { continue };
            self.runs.insert(accepted.number.run);
            let group = Group { day: accepted.day, partner: accepted.partner, currency: accepted.currency };
            let Some(index) = self.indices.get(&group).copied() else { continue };
            let Some(message) = self.messages.get_mut(&accepted.number) else { continue };
            let Some(at) = message.unanswered.iter().position(|(held, _)| *held == index) else { continue };
            let known_before = message.missing.iter().any(|(held, _)| *held == index);
            if known_before {
                continue;
            }
            let (_, seen) = message.unanswered.swap_remove(at);
            let figures = Figures { count: accepted.count.saturating_sub(seen.count), sum: accepted.sum - seen.sum };
            // What the log did not have yet when it was read is under way.
            message.missing.push((index, Figures::default()));
            let held = self.accepted.entry(group).or_default();
            held.add(accepted.count - figures.count, seen.sum);
        }
        Ok(())
    }

    /// Every day that journals or log speak of.
    pub(super) fn days(&self) -> BTreeSet<Day> {
        self.groups.iter().map(|group| group.day).collect()
    }

    /// By group, what the journals accepted.
    pub(super) fn accepted(&self) -> &BTreeMap<Group, Figures> {
        &self.accepted
    }

    /// Accepted messages of which the log lacks something.
    pub(super) fn missing(&self) -> Vec<Named> {
        self.named(|message| &message.missing)
    }

    /// Messages in the log that no journal accepted.
    pub(super) fn unanswered(&self) -> Vec<Named> {
        self.named(|message| &message.unanswered)
    }

    /// Whether a journal of this run was read.
    pub(super) fn knows(&self, run: Run) -> bool {
        self.runs.contains(&run)
    }

    fn named<'a>(&'a self, part: impl Fn(&'a Message) -> &'a Vec<(u32, Figures)>) -> Vec<Named> {
        let mut named: Vec<Named> = Vec::new();
        for (number, message) in &self.messages {
            for (index, figures) in part(message) {
                let Some(group) = self.groups.get(*index as usize) else { continue };
                if *figures != Figures::default() {
                    named.push(Named { number: *number, group: group.clone(), figures: *figures });
                }
            }
        }
        named.sort_by(|a, b| (a.number, &a.group).cmp(&(b.number, &b.group)));
        named
    }

    fn index(&mut self, group: &Group) -> u32 {
        if let Some(index) = self.indices.get(group) {
            return *index;
        }
        let index = self.groups.len() as u32;
        self.groups.push(group.clone());
        self.indices.insert(group.clone(), index);
        index
    }
}
