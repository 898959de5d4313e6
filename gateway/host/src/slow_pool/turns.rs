//! Whose turn it is: callers one after the other, and of each what it has begun before what it has not.

use crate::caller::{CLASSES, Caller};
use crate::limits;
use std::collections::{HashMap, VecDeque};

/// What waits, and in which order it has its turn.
pub(super) struct Turns<W> {
    callers: HashMap<Caller, Calls<W>>,
    /// All of them, whoever had no turn for longest first.
    order: VecDeque<Caller>,
    /// Not begun yet, of each class of callers.
    waiting: [usize; CLASSES],
    /// Begun, of each class of callers.
    begun: [usize; CLASSES],
    /// How much one caller may have begun: as many as there are threads, so that alone it has all of them.
    most_of_caller: usize,
    most: usize,
    numbers: u64,
    closed: bool,
}

/// A piece of work whose turn it is.
pub(super) struct Job<W> {
    pub(super) caller: Caller,
    pub(super) number: u64,
    pub(super) work: W,
}

struct Calls<W> {
    /// Not begun yet.
    waiting: VecDeque<(u64, W)>,
    /// Begun, and waiting for another turn.
    paused: VecDeque<(u64, W)>,
    /// How much is begun, what has its turn just now with it.
    begun: usize,
}

impl<W> Turns<W> {
    pub(super) fn new(most_of_caller: usize, most: usize) -> Self {
        Self {
            callers: HashMap::new(),
            order: VecDeque::new(),
            waiting: [0; CLASSES],
            begun: [0; CLASSES],
            most_of_caller,
            most,
            numbers: 0,
            closed: false,
        }
    }

    /// Has it wait for its first turn, under a number; none where too much waits already.
    pub(super) fn add(&mut self, caller: &Caller, work: W) -> Option<u64> {
        if self.is_full(caller) {
            return None;
        }
        if !self.callers.contains_key(caller) {
            self.order.push_back(caller.clone());
            let none = Calls { waiting: VecDeque::new(), paused: VecDeque::new(), begun: 0 };
            self.callers.insert(caller.clone(), none);
        }
        self.numbers += 1;
        self.waiting[caller.class()] += 1;
        self.callers.get_mut(caller)?.waiting.push_back((self.numbers, work));
        Some(self.numbers)
    }

    /// Whether too much waits already for this caller to add anything.
    pub(super) fn is_full(&self, caller: &Caller) -> bool {
        // As it nearly always is, and then nobody has to be looked for.
        if self.waiting.iter().sum::<usize>() < limits::SLOW_WAITING_CALLER {
            return false;
        }
        let of_caller = self.callers.get(caller).map_or(0, |calls| calls.waiting.len());
        of_caller >= limits::SLOW_WAITING_CALLER
            || self.waiting[caller.class()] >= limits::SLOW_WAITING_CLASS
            || self.waiting.iter().sum::<usize>() >= limits::SLOW_WAITING
    }

    /// What has its turn now, or that nothing has; none once all is over.
    pub(super) fn next(&mut self) -> Option<Option<Job<W>>> {
        if self.closed {
            return None;
        }
        for place in 0..self.order.len() {
            let Some(name) = self.order.get(place).cloned() else { continue };
            if let Some((number, work)) = self.of(&name) {
                self.order.remove(place);
                self.order.push_back(name.clone());
                return Some(Some(Job { caller: name, number, work }));
            }
        }
        Some(None)
    }

    /// A caller's next piece of work, if it may have a turn.
    fn of(&mut self, name: &Caller) -> Option<(u64, W)> {
        let caller = self.callers.get_mut(name)?;
        if let Some(paused) = caller.paused.pop_front() {
            return Some(paused);
        }
        let (all, class) = (self.begun.iter().sum::<usize>(), name.class());
        // Of the places half are for callers that have none, so that no newcomer waits until what others began is at its end; and a
        // quarter is for those of each class.
        let most = if caller.begun == 0 { self.most } else { self.most - self.most / 2 };
        let has_room = all < most && self.begun[class] < self.most - self.most / 4;
        if caller.begun >= self.most_of_caller || !has_room {
            return None;
        }
        let first = caller.waiting.pop_front()?;
        caller.begun += 1;
        self.begun[class] += 1;
        self.waiting[class] -= 1;
        Some(first)
    }

    /// Has what was begun wait for another turn.
    pub(super) fn pause(&mut self, Job { caller, number, work }: Job<W>) {
        if let Some(caller) = self.callers.get_mut(&caller) {
            caller.paused.push_back((number, work));
        }
    }

    /// What was begun came to its end, and others may begin.
    pub(super) fn ended(&mut self, name: &Caller) {
        if let Some(caller) = self.callers.get_mut(name) {
            caller.begun -= 1;
            self.begun[name.class()] -= 1;
            self.forget(name);
        }
    }

    /// Nobody waits for it any more: returns it where it was not begun.
    pub(super) fn give_up(&mut self, name: &Caller, number: u64) -> Option<W> {
        let caller = self.callers.get_mut(name)?;
        let place = caller.waiting.iter().position(|(waiting, _)| *waiting == number)?;
        let (_, work) = caller.waiting.remove(place)?;
        self.waiting[name.class()] -= 1;
        self.forget(name);
        Some(work)
    }

    /// Forgets a caller that has nothing.
    fn forget(&mut self, name: &Caller) {
        if self.callers.get(name).is_some_and(|caller| caller.begun == 0 && caller.waiting.is_empty()) {
            self.callers.remove(name);
            self.order.retain(|other| other != name);
        }
    }

    /// Whether nothing waits and nothing is begun.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.callers.is_empty() && self.order.is_empty() && (self.waiting, self.begun) == ([0; CLASSES], [0; CLASSES])
    }

    pub(super) fn close(&mut self) {
        self.closed = true;
    }
}
