//! The administration server over real TLS.
