//! What an author of policies has at hand: a crate to begin with, its building, and its samples.

mod build;
mod name;
mod samples;
mod scaffold;
mod sdk;
mod toolchain;

pub(crate) use build::{DEBUG_ENDING, build};
pub(crate) use samples::{Sample, SampleConfig, is_of_a_sample, is_sample, said_of, samples};
pub(crate) use scaffold::scaffold;
pub(crate) use sdk::Sdk;
