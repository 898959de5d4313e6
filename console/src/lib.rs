//! The operators' side: administration, the live page, and what reads the sums.
