//! Whom a host must be certified by: the system's authorities, and the operator's own.

use std::path::Path;
use std::sync::Arc;

use fondaco_engine::{Code, Fault};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Reads files, so it is for a thread that may wait.
pub(crate) fn config(own: Option<&Path>) -> Result<Arc<ClientConfig>, Fault> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "certificates of the system not read");
    }
    roots.add_parsable_certificates(found.certs);
    if let Some(file) = own {
        add(&mut roots, file).map_err(|why| {
            let message = format!("`http.authorities`: {}: {why}", file.display());
            Fault::new(Code::InvalidArgument, "INVALID_HTTP_CONFIG", message)
        })?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions.map_err(|error| Fault::internal(error.to_string()))?;
    Ok(Arc::new(versions.with_root_certificates(roots).with_no_client_auth()))
}

fn add(roots: &mut RootCertStore, file: &Path) -> Result<(), String> {
    let mut any = false;
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| error.to_string())? {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
        any = true;
    }
    if any { Ok(()) } else { Err("there is no certificate in it".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("own.pem");
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for text in [None, Some(""), Some("no certificate"), Some(broken)] {
            if let Some(text) = text {
                std::fs::write(&file, text).unwrap();
            }
            let fault = config(Some(&file)).unwrap_err();
            assert_eq!(fault.reason, "INVALID_HTTP_CONFIG");
            assert!(fault.message.contains("own.pem"), "{}", fault.message);
        }
        assert!(config(None).is_ok());
    }
}
