//! The routes, one file a subject.

pub(super) mod assets;
pub(super) mod dead_letters;
pub(super) mod events;
pub(super) mod login;
pub(super) mod openapi;
pub(super) mod policies;
pub(super) mod replays;
pub(super) mod status;
pub(super) mod sums;
