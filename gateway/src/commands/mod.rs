//! What each command does.

pub mod cert;
pub mod check;
pub mod demo;
pub mod policies;
pub mod policy_run;
pub mod readers;
pub mod run;
