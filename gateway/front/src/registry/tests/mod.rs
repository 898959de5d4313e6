//! The registry with components that are a few words: what they say is how their activation ends.

mod chains;
mod damage;
mod played;
mod removing;
mod starting;
mod versions;
