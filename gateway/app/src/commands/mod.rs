//! What each command does.

pub(crate) mod check;
pub(crate) mod dead_letters;
pub(crate) mod demo;
pub(crate) mod run;

pub(crate) mod cert;
pub(crate) mod partitions;
pub(crate) mod policies;
mod policies_offline;
pub(crate) mod policy_build;
pub(crate) mod policy_new;
pub(crate) mod policy_run;
pub(crate) mod policy_test;
pub(crate) mod readers;
pub(crate) mod replay;

pub(crate) mod bad_configuration;
mod signals;
