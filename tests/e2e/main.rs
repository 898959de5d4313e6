//! The whole line, end to end: real processes, real servers, real clients, faults.

mod faults;
mod harness;
mod line;
mod planted;
