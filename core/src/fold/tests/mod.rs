//! The fold against its rules, one by one, and against a plain reading of all of them.

mod oracle;
mod rules;
mod sent;
mod takeover;
mod traffic;
