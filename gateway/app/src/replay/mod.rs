//! Dead letters back into the queue: checked as the partners' side checks, marked, queued and journalled.

mod letters;
mod mark;
mod ready;
mod replays;

pub(crate) use letters::Letters;
pub(crate) use replays::Replays;

#[cfg(test)]
mod tests;
