//! The whole line, end to end: real processes, real servers, real clients, faults.

mod faults;
mod fiscal;
mod harness;
mod line;
mod planted;
mod policies;
mod readers;
mod secure;
