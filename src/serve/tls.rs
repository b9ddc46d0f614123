//! TLS with a certificate that can be exchanged while connections are open.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ServerConfig};

use crate::values::Certificate;

/// The certificate that is served; none at first, and then no connection is opened. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Serving(Arc<RwLock<Option<Arc<CertifiedKey>>>>);

impl fmt::Debug for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Serving(***)")
    }
}

impl ResolvesServerCert for Serving {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Serving {
    /// Serves another certificate from the next connection on.
    ///
    /// # Errors
    /// It cannot be used.
    pub(super) fn set(&self, certificate: &Certificate) -> Result<(), rustls::Error> {
        let unreadable = |_| rustls::Error::General("it is not PEM".to_owned());
        let chain = CertificateDer::from_pem_slice(certificate.certificate.as_bytes());
        let key = PrivateKeyDer::from_pem_slice(certificate.key.as_bytes());
        let (chain, key) = (chain.map_err(unreadable)?, key.map_err(unreadable)?);
        let certified = CertifiedKey::from_der(vec![chain], key, &default_provider())?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(certified));
        Ok(())
    }

    /// Opens connections with it, by TLS 1.3: API servers speak it since Kubernetes 1.19.
    ///
    /// # Errors
    /// The library has no TLS 1.3.
    pub(super) fn acceptor(&self) -> Result<TlsAcceptor, rustls::Error> {
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(self.clone()));
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}
