//! Whom the system trusts.

use rustls::RootCertStore;

use crate::error::TlsError;

/// The system's trusted authorities; those that rustls cannot read are left out.
///
/// # Errors
/// [`TlsError::NoAuthorities`] when there are none.
pub fn system_authorities() -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(TlsError::NoAuthorities) } else { Ok(roots) }
}
