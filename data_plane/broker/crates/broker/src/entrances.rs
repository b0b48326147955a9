//! The entrances of the broker without its sockets: bytes come in, and it is told what became of them.
//!
//! Nothing that serves anyone is made of this; package `fuzz` tries here what a broker does with bytes that nobody meant.

use std::{io, net::SocketAddr, path::Path, rc::Rc, sync::Arc};

use bytes::Bytes;
use headrace_io::{Clock, Disk, Rng};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    acceptor,
    broker::{Broker, OpenError, Phase},
    check::{self, CheckError},
    config::{Config, ConfigError},
    connections::Connection,
    dispatch::dispatch,
};

/// Why nothing can come in.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct EntranceError(#[from] Problem);

#[derive(Debug, Error)]
enum Problem {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Check(#[from] CheckError),
    #[error("there is no listener {0:?}")]
    Listener(String),
}

impl Problem {
    fn of(problem: impl Into<Self>) -> EntranceError {
        EntranceError(problem.into())
    }
}

/// A broker that serves whom it is handed; must be used inside a `LocalSet`.
pub struct Entrances {
    broker: Rc<Broker>,
}

impl Entrances {
    /// Opens and starts the broker of this configuration file. Relative paths are those of the working directory.
    pub fn open(
        config: &[u8],
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Result<Self, EntranceError> {
        let config = Config::parse(config, Path::new("entrances")).map_err(Problem::of)?;
        let started_at_ms = clock.wall_ms();
        let broker = Broker::open(config, disk, clock, rng, started_at_ms).map_err(Problem::of)?;
        broker.start();
        broker.phase.send_replace(Phase::Ready);
        Ok(Self { broker })
    }

    /// What a client on this listener is answered to one frame (without its length), frame by frame as it is sent; or the code of why
    /// the connection ends instead.
    pub async fn answer(&self, client: &Client, frame: &Bytes) -> Result<Vec<Bytes>, &'static str> {
        let reply = dispatch(&self.broker, &client.connection, frame).await;
        reply.map(|reply| reply.segments).map_err(|close| close.code())
    }

    /// Serves everything that a client on this listener says; the code of why the connection ended.
    pub async fn converse(
        &self,
        client: &Client,
        stream: impl AsyncRead + AsyncWrite + Unpin,
    ) -> &'static str {
        let listener = &client.connection.listener;
        let tls = self.broker.tls.as_ref().filter(|_| listener.protocol.uses_tls());
        let tls = tls.and_then(|tls| tls.acceptor(listener.client_auth));
        acceptor::serve(&self.broker, &client.connection, tls, stream).await.code()
    }

    /// A client that has just connected to the listener of this name.
    pub fn connect(&self, listener: &str, peer: SocketAddr) -> Result<Client, EntranceError> {
        let known = self.broker.config.listeners.iter().find(|known| known.name == listener);
        let listener = known.ok_or_else(|| Problem::of(Problem::Listener(listener.to_owned())))?;
        let uses_sasl = listener.protocol.uses_sasl();
        let mechanisms =
            if uses_sasl { self.broker.security.mechanisms(listener.logins) } else { Vec::new() };
        let connection = self.broker.connections.open(peer, Rc::new(listener.clone()), mechanisms);
        Ok(Client { connection })
    }
}

/// Somebody who is connected.
pub struct Client {
    connection: Rc<Connection>,
}

impl Client {
    /// Whether it is known who it is, or need not be.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.connection.is_authenticated()
    }
}

/// Whether this is the configuration of a broker.
pub fn check_configuration(bytes: &[u8]) -> Result<(), EntranceError> {
    Config::parse(bytes, Path::new("entrances")).map(|_| ()).map_err(Problem::of)
}

/// What `check-client-certificates` says to this input.
pub fn check_client_certificates(input: impl io::Read) -> Result<(), EntranceError> {
    check::client_certificates(input).map_err(Problem::of)
}

/// What `check-oauth-issuer` says to this input.
pub fn check_oauth_issuer(input: impl io::Read) -> Result<(), EntranceError> {
    check::oauth_issuer(input).map_err(Problem::of)
}
