//! A policy on trial: a gateway of its own around it, with a queue that keeps what it is given and an upstream that answers
//! what it is told to.

mod call;
mod component;
mod expectation;
mod gateway;
mod horizon;
mod log;
mod message;
mod queue;
mod shown;
mod subject;
mod tried;
mod upstream;
mod witness;

pub(crate) use component::{component_of, read_component};
pub(crate) use expectation::{Expectation, agreed};
pub(crate) use gateway::Trial;
pub(crate) use log::log_of_policies;
pub(crate) use message::{TrialMessage, content_type_of, header, moment};
pub(crate) use shown::{printed, shown, warnings};
pub(crate) use subject::Subject;
pub(crate) use tried::Outcome;
