//! Losses, double counts and the never answered are found.
