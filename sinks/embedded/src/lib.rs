//! SQLite with one committing thread, for every embedded default.
