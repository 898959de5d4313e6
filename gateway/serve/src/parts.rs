//! The parts of a connection's task, each polled only when it has something to do: most of what wakes the task concerns one
//! of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

use futures::task::AtomicWaker;

/// A part's way to the task.
#[derive(Debug)]
pub(crate) struct Part {
    woken: AtomicBool,
    task: Arc<Task>,
}

/// The task that the parts are of.
#[derive(Debug)]
pub(crate) struct Task {
    waker: AtomicWaker,
    /// It looks at its parts, and will look once more before it rests.
    looks: AtomicBool,
}

impl Task {
    /// A task that has not been polled yet.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { waker: AtomicWaker::new(), looks: AtomicBool::new(false) })
    }

    /// Begins to look at the parts.
    pub(crate) fn look(&self, context: &Context<'_>) {
        self.waker.register(context.waker());
        self.looks.store(true, Ordering::SeqCst);
    }

    /// Rests; where one of the parts has something to do, only until it is the task's turn again.
    pub(crate) fn rest<'p>(&self, parts: impl IntoIterator<Item = Option<&'p Arc<Part>>>) {
        self.looks.store(false, Ordering::SeqCst);
        if parts.into_iter().flatten().any(|part| part.woken.load(Ordering::SeqCst)) {
            self.waker.wake();
        }
    }
}

impl Part {
    /// A part that has something to do from the beginning.
    pub(crate) fn of(task: &Arc<Task>) -> Arc<Self> {
        Arc::new(Self { woken: AtomicBool::new(true), task: task.clone() })
    }

    /// Whether it has something to do; it is taken to be done then.
    pub(crate) fn take(&self) -> bool {
        self.woken.load(Ordering::Relaxed) && self.woken.swap(false, Ordering::SeqCst)
    }

    /// What wakes it.
    pub(crate) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(self.clone())
    }
}

impl Wake for Part {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Whoever woke it before has told the task.
        if !self.woken.swap(true, Ordering::SeqCst) && !self.task.looks.load(Ordering::SeqCst) {
            self.task.waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Counts(AtomicUsize);

    impl Wake for Counts {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_task_is_woken_once_for_all_of_its_parts_and_knows_which() {
        let (counts, task) = (Arc::<Counts>::default(), Task::new());
        let waker = Waker::from(counts.clone());
        let [one, other] = [Part::of(&task), Part::of(&task)];
        task.look(&Context::from_waker(&waker));
        assert!(one.take() && other.take());
        task.rest([Some(&one), Some(&other)]);
        assert_eq!(counts.0.load(Ordering::SeqCst), 0);
        one.waker().wake();
        one.waker().wake();
        assert_eq!(counts.0.load(Ordering::SeqCst), 1);
        task.look(&Context::from_waker(&waker));
        assert!(one.take() && !one.take() && !other.take());
    }

    #[test]
    fn a_part_that_is_woken_while_the_task_looks_at_another_has_its_turn() {
        let (counts, task) = (Arc::<Counts>::default(), Task::new());
        let waker = Waker::from(counts.clone());
        let part = Part::of(&task);
        task.look(&Context::from_waker(&waker));
        assert!(part.take());
        part.waker().wake();
        assert_eq!(counts.0.load(Ordering::SeqCst), 0, "it looks still");
        task.rest([Some(&part), None]);
        assert_eq!(counts.0.load(Ordering::SeqCst), 1);
        task.look(&Context::from_waker(&waker));
        assert!(part.take());
    }
}
