//! The certificate of the `SASL_SSL` listeners.

use std::{cell::RefCell, io, path::Path, sync::Arc};

use rustls::{
    ServerConfig,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject as _},
};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

use crate::{config::TlsConfig, files, limits::TLS_FILE_BYTES_MAX};

/// Why TLS can not be served.
#[derive(Debug, Error)]
pub(crate) enum TlsError {
    #[error("{file}: {source}")]
    Read { file: String, source: io::Error },
    #[error("{file} is not PEM: {source}")]
    Pem { file: String, source: pem::Error },
    #[error("certificate and private key: {0}")]
    Rustls(#[from] rustls::Error),
}

/// The certificate in force.
pub(crate) struct Tls {
    acceptor: RefCell<TlsAcceptor>,
}

impl Tls {
    /// Reads the certificate chain and its key.
    pub(crate) fn load(config: &TlsConfig) -> Result<Self, TlsError> {
        Ok(Self { acceptor: RefCell::new(acceptor(config)?) })
    }

    /// Reads them again; handshakes that begin after this see the new ones, connections that there are go on with what they have.
    pub(crate) fn reload(&self, config: &TlsConfig) -> Result<(), TlsError> {
        *self.acceptor.borrow_mut() = acceptor(config)?;
        Ok(())
    }

    /// What the next connection is accepted with.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.borrow().clone()
    }
}

fn acceptor(config: &TlsConfig) -> Result<TlsAcceptor, TlsError> {
    let chain_file = config.certificate_file.as_path();
    let chain = CertificateDer::pem_slice_iter(&read(chain_file)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| TlsError::Pem { file: chain_file.display().to_string(), source })?;
    let key_file = config.private_key_file.as_path();
    let key = PrivateKeyDer::from_pem_slice(&read(key_file)?)
        .map_err(|source| TlsError::Pem { file: key_file.display().to_string(), source })?;
    let server = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(TlsAcceptor::from(Arc::new(server)))
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    files::read(path, TLS_FILE_BYTES_MAX)
        .map_err(|source| TlsError::Read { file: path.display().to_string(), source })
}
