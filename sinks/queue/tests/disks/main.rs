//! The embedded queue on disks that fail as disks do.
#![allow(clippy::unwrap_used)]

mod power;
