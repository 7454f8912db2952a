//! Who a host says that it is.

use std::sync::Arc;

use fondaco_http::{HttpConfig, Limits};
use http::Response;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

use crate::site::{Site, full, status};
use crate::world::{OUTSIDE, World, ask, get, refused};

/// An authority of one's own, and the file that names it.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("own.pem"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    /// A site with a certificate for this name.
    async fn site(&self, name: &str) -> Site {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Site::over(
            OUTSIDE,
            |_| async { Response::new(full("ok")) },
            move |stream| {
                let acceptor = acceptor.clone();
                async move { acceptor.accept(stream).await.ok() }
            },
        )
        .await
    }

    async fn world(&self) -> World {
        let limits = Limits { attempts: 1, ..Limits::default() };
        let authorities = Some(self.folder.path().join("own.pem"));
        World::with(HttpConfig { limits, authorities, ..HttpConfig::default() }).await
    }
}

#[tokio::test]
async fn a_host_with_the_right_certificate_is_asked() {
    let authority = Authority::new();
    let site = authority.site("api.test").await;
    let place = format!("https://api.test:{}", site.port());
    let outgoing = authority.world().await.outgoing(&[place["https://".len()..].to_owned()]);
    assert_eq!(ask(&outgoing, get(&place)).await.unwrap().body, "ok");
    assert_eq!(site.asked()[0].headers["host"].to_str().unwrap(), &place["https://".len()..]);
}

#[tokio::test]
async fn another_certificate_is_refused_before_anything_is_said() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    for site in [authority.site("other.test").await, stranger.site("api.test").await] {
        let place = format!("https://api.test:{}", site.port());
        let outgoing = authority.world().await.outgoing(std::slice::from_ref(&place));
        assert_eq!(refused(&outgoing, get(&place)).await, "TlsCertificateError");
        assert!(site.asked().is_empty());
    }
}

#[tokio::test]
async fn plain_text_is_no_tls() {
    let site = Site::new(OUTSIDE, |_| async { status(200) }).await;
    let authority = Authority::new();
    let place = format!("https://api.test:{}", site.port());
    let outgoing = authority.world().await.outgoing(std::slice::from_ref(&place));
    assert_eq!(refused(&outgoing, get(&place)).await, "TlsProtocolError");
    assert!(site.asked().is_empty());
}

#[tokio::test]
async fn a_file_of_authorities_that_is_none_stops_the_start() {
    let config = HttpConfig { authorities: Some("/nowhere/own.pem".into()), ..HttpConfig::default() };
    let fault = fondaco_http::Http::open(config).await.map(drop).unwrap_err();
    assert_eq!(fault.reason, "INVALID_HTTP_CONFIG");
}
