//! Tallygate: a gateway for transactions that are counted once, to the last cent.

pub mod config;
