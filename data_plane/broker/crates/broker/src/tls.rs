//! The certificate of the listeners with TLS, and the authorities whose clients are known by theirs.

use std::{cell::RefCell, io, path::Path, sync::Arc};

use headrace_security::{MappingError, PrincipalMapping};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject as _},
    server::{
        NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier, danger::ClientCertVerifier,
    },
};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

use crate::{
    config::{ClientAuth, TlsConfig},
    files,
    limits::{CLIENT_AUTHORITIES_MAX, TLS_FILE_BYTES_MAX},
};

/// Why TLS can not be served.
#[derive(Debug, Error)]
pub(crate) enum TlsError {
    #[error("{file}: {source}")]
    Read { file: String, source: io::Error },
    #[error("{file} is not PEM: {source}")]
    Pem { file: String, source: pem::Error },
    #[error("certificate and private key: {0}")]
    Rustls(#[from] rustls::Error),
    #[error("the authorities of clients: {0}")]
    Authorities(String),
    #[error(transparent)]
    Mapping(#[from] MappingError),
}

/// What handshakes are made with.
pub(crate) struct Tls {
    in_force: RefCell<InForce>,
    mapping: PrincipalMapping,
}

struct InForce {
    logins: TlsAcceptor,
    /// For listeners that ask for certificates, and for those that require them; there where authorities are named.
    certificates: Option<(TlsAcceptor, TlsAcceptor)>,
}

impl Tls {
    /// Reads the certificate chain and its key, and the authorities of clients.
    pub(crate) fn load(config: &TlsConfig) -> Result<Self, TlsError> {
        let mapping = PrincipalMapping::parse(&config.principal_mapping_rules)?;
        Ok(Self { in_force: RefCell::new(InForce::read(config)?), mapping })
    }

    /// Reads them again; handshakes that begin after this see the new ones, connections that there are go on with what they have.
    pub(crate) fn reload(&self, config: &TlsConfig) -> Result<(), TlsError> {
        *self.in_force.borrow_mut() = InForce::read(config)?;
        Ok(())
    }

    /// What the next connection of such a listener is accepted with; nothing where it would have to trust authorities that there are not.
    pub(crate) fn acceptor(&self, client_auth: ClientAuth) -> Option<TlsAcceptor> {
        let in_force = self.in_force.borrow();
        let certificates = in_force.certificates.as_ref();
        match client_auth {
            ClientAuth::None => Some(in_force.logins.clone()),
            ClientAuth::Requested => certificates.map(|(requested, _)| requested.clone()),
            ClientAuth::Required => certificates.map(|(_, required)| required.clone()),
        }
    }

    /// The rules that make principals of certificates.
    pub(crate) fn mapping(&self) -> &PrincipalMapping {
        &self.mapping
    }
}

impl InForce {
    fn read(config: &TlsConfig) -> Result<Self, TlsError> {
        let logins = acceptor(config, None)?;
        let Some(path) = &config.client_ca_file else { return Ok(Self { logins, certificates: None }) };
        let authorities = Arc::new(authorities(&read(path)?)?);
        let verifier = || {
            WebPkiClientVerifier::builder_with_provider(
                Arc::clone(&authorities),
                Arc::new(default_provider()),
            )
        };
        let refused = |error: VerifierBuilderError| TlsError::Authorities(error.to_string());
        let requested = verifier().allow_unauthenticated().build().map_err(refused)?;
        let required = verifier().build().map_err(refused)?;
        let certificates = (acceptor(config, Some(requested))?, acceptor(config, Some(required))?);
        Ok(Self { logins, certificates: Some(certificates) })
    }
}

/// Reads the authorities that sign clients' certificates, from PEM.
pub(crate) fn authorities(pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let refused = |problem: String| TlsError::Authorities(problem);
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| refused(format!("not PEM: {error}")))?;
        let number = store.len() + 1;
        if number > CLIENT_AUTHORITIES_MAX {
            return Err(refused(format!("more than {CLIENT_AUTHORITIES_MAX} certificates")));
        }
        store.add(certificate).map_err(|error| refused(format!("certificate {number}: {error}")))?;
    }
    if store.is_empty() { Err(refused("no certificate in PEM".to_owned())) } else { Ok(store) }
}

fn acceptor(
    config: &TlsConfig,
    clients: Option<Arc<dyn ClientCertVerifier>>,
) -> Result<TlsAcceptor, TlsError> {
    let chain_file = config.certificate_file.as_path();
    let chain = CertificateDer::pem_slice_iter(&read(chain_file)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| TlsError::Pem { file: chain_file.display().to_string(), source })?;
    let key_file = config.private_key_file.as_path();
    let key = PrivateKeyDer::from_pem_slice(&read(key_file)?)
        .map_err(|source| TlsError::Pem { file: key_file.display().to_string(), source })?;
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?;
    let Some(clients) = clients else {
        return Ok(TlsAcceptor::from(Arc::new(builder.with_no_client_auth().with_single_cert(chain, key)?)));
    };
    let mut server = builder.with_client_cert_verifier(clients).with_single_cert(chain, key)?;
    // A resumed session would not be asked for its certificate again.
    server.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(TlsAcceptor::from(Arc::new(server)))
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    files::read(path, TLS_FILE_BYTES_MAX)
        .map_err(|source| TlsError::Read { file: path.display().to_string(), source })
}
