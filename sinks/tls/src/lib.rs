//! PEM for TLS, read into what rustls takes; what cannot be used is named with its file.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod error;
mod files;
mod form;
mod pem;
mod system;

pub use error::TlsError;
pub use files::TlsFiles;
pub use pem::Pem;
pub use system::system_authorities;
