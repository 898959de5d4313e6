//! The namespaces of the service's messages.

/// The fiscal service's own.
pub(crate) const F73: &str = "http://www.apis-it.hr/fin/2012/types/f73";
/// SOAP 1.1.
pub(crate) const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// XML signatures.
pub(crate) const XMLDSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
