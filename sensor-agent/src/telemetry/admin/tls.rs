//! TLS of the admin server: certificate chain and key from one PEM file, as Falco's `ssl_certificate` has them.

use std::{fs::File, io::BufReader, path::Path, sync::Arc};

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
};

/// Why a file gives no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// It cannot be read as PEM.
    #[error("it holds no certificate and key that can be read")]
    Pem(#[from] pem::Error),
    /// They do not go together, or cannot be used.
    #[error("its certificate and key cannot be used")]
    Pair(#[from] rustls::Error),
    /// It cannot be opened.
    #[error("it cannot be opened")]
    Open(#[from] std::io::Error),
}

/// Reads chain and key.
pub(super) fn config(path: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let open = || File::open(path).map(BufReader::new);
    let chain = CertificateDer::pem_reader_iter(open()?).collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_reader(open()?)?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}
