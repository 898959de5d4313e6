//! Folds the log into daily sums.
