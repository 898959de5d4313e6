//! The TLS of a listener: versions 1.2 and 1.3, client certificates.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::WebPkiClientVerifier;
use tallygate_tls::{Pem, TlsError};

use crate::invalid::InvalidOption;
use crate::options::{ClientAuth, TlsOptions};

impl TlsOptions {
    /// What a server with these options needs.
    ///
    /// # Errors
    /// What cannot be used, by the key below `tls`.
    pub fn server(&self) -> Result<Arc<ServerConfig>, InvalidOption> {
        server(self)
    }
}

/// What rustls needs of a listener's options; the error is by the key below `tls`.
pub(crate) fn server(options: &TlsOptions) -> Result<Arc<ServerConfig>, InvalidOption> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| InvalidOption::new("certificate", error))?;
    let builder = match options.client_auth {
        ClientAuth::None => builder.with_no_client_auth(),
        wanted => {
            let missing = "needs \"client_ca\", the authority that signs the callers' certificates";
            let pem = options.client_ca.as_deref().ok_or_else(|| InvalidOption::new("client_auth", missing))?;
            let roots = Arc::new(Pem::new("client_ca", pem).authorities().map_err(unusable("client_ca"))?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
            let verifier = match wanted {
                ClientAuth::Required => verifier,
                _ => verifier.allow_unauthenticated(),
            };
            let verifier = verifier.build().map_err(|error| InvalidOption::new("client_ca", error))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let chain = Pem::new("certificate", &*options.certificate).certificates().map_err(unusable("certificate"))?;
    let key = Pem::new("key", &*options.key).key().map_err(unusable("key"))?;
    let config = builder.with_single_cert(chain, key).map_err(|error| {
        InvalidOption::new("certificate", format_args!("certificate and key do not go together: {error}"))
    })?;
    Ok(Arc::new(config))
}

/// What cannot be used of the PEM under this key.
fn unusable(key: &'static str) -> impl Fn(TlsError) -> InvalidOption {
    move |error| InvalidOption::new(key, error.problem())
}
