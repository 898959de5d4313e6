//! What tests of the whole line stand on: a site with processes, senders, and books of their own.

pub mod audit;
pub mod backends;
pub mod books;
pub mod caller;
pub mod chance;
pub mod checkout;
pub mod clusters;
pub mod eventually;
pub mod kept;
pub mod ledger;
pub mod line;
pub mod metrics;
pub mod names;
pub mod process;
pub mod said;
pub mod sender;
pub mod settled;
pub mod site;
pub mod times;
