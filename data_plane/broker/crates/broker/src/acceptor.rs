//! Takes connections within the limits and runs each as a task.

use std::{net::SocketAddr, rc::Rc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::spawn_local,
    time::{Instant, sleep, timeout_at},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    broker::Broker,
    channel_login,
    close::Close,
    config::ClientAuth,
    connection,
    connections::{Connection, Refused},
    limits::{ACCEPT_PAUSE, HELD_CONNECTIONS_MAX, LOGIN_TIMEOUT, REFUSAL_HOLD_MAX},
    listeners::Listener,
    metrics::ReasonLabels,
    read_ahead::ReadAhead,
};

/// Accepts on one listener for as long as it is polled.
pub(crate) async fn accept(broker: Rc<Broker>, listener: Rc<Listener>) {
    if let Ok(address) = listener.socket.local_addr() {
        tracing::info!(listener = listener.config.name, %address, "listening");
    }
    loop {
        match listener.socket.accept().await {
            Ok((stream, peer)) => admit(&broker, &listener, stream, peer),
            Err(error) => {
                tracing::warn!(listener = listener.config.name, %error, "can not accept");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn admit(broker: &Rc<Broker>, listener: &Listener, stream: TcpStream, peer: SocketAddr) {
    let is_internal = listener.config.internal;
    if !is_internal && !broker.security.allows_network(peer.ip()) {
        return refuse(broker, peer, Refused::Network);
    }
    if let Err(refused) = broker.connections.admit(peer, is_internal) {
        return refuse(broker, peer, refused);
    }
    if !is_internal && let Err(wait) = broker.quotas.connect(peer.ip()) {
        refuse(broker, peer, Refused::TooSoon);
        hold(broker, stream, wait);
        return;
    }
    let uses_sasl = listener.config.protocol.uses_sasl();
    let mechanisms = if uses_sasl { broker.security.mechanisms(listener.config.logins) } else { Vec::new() };
    let connection = broker.connections.open(peer, Rc::clone(&listener.config), mechanisms);
    broker.metrics.connections.inc();
    let tls = broker.tls.as_ref().filter(|_| listener.config.protocol.uses_tls());
    let tls = tls.and_then(|tls| tls.acceptor(listener.config.client_auth));
    debug_assert_eq!(tls.is_some(), listener.config.protocol.uses_tls(), "the configuration was checked");
    spawn_local(run(Rc::clone(broker), connection, tls, stream));
}

/// Keeps a refused connection open for a moment, if not too many are.
fn hold(broker: &Rc<Broker>, stream: TcpStream, wait: Duration) {
    if broker.quotas.hold(HELD_CONNECTIONS_MAX) {
        let broker = Rc::clone(broker);
        spawn_local(async move {
            sleep(wait.min(REFUSAL_HOLD_MAX)).await;
            drop(stream);
            broker.quotas.release();
        });
    }
}

fn refuse(broker: &Broker, peer: SocketAddr, refused: Refused) {
    tracing::warn!(%peer, reason = refused.code(), "connection refused");
    broker.metrics.connections_refused.get_or_create(&ReasonLabels { reason: refused.code() }).inc();
}

async fn run(broker: Rc<Broker>, connection: Rc<Connection>, tls: Option<TlsAcceptor>, stream: TcpStream) {
    let close = match stream.set_nodelay(true) {
        Ok(()) => serve(&broker, &connection, tls, stream).await,
        Err(error) => error.into(),
    };
    broker.connections.close(&connection, broker.clock.mono());
    broker.metrics.connections.dec();
    broker.metrics.connections_closed.get_or_create(&ReasonLabels { reason: close.code() }).inc();
    if close.is_ordinary() {
        tracing::debug!(connection = connection.id, peer = %connection.peer, reason = %close, "connection closed");
    } else {
        let code = close.code();
        tracing::info!(connection = connection.id, peer = %connection.peer, code, reason = %close, "connection ended");
    }
}

/// Serves a connection that was taken: handshake first, where it is encrypted.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    broker: &Rc<Broker>,
    connection: &Rc<Connection>,
    tls: Option<TlsAcceptor>,
    stream: S,
) -> Close {
    match encrypted(broker, connection, tls, stream).await {
        Ok(close) | Err(close) => close,
    }
}

async fn encrypted<S: AsyncRead + AsyncWrite + Unpin>(
    broker: &Rc<Broker>,
    connection: &Rc<Connection>,
    tls: Option<TlsAcceptor>,
    stream: S,
) -> Result<Close, Close> {
    let login_deadline = Instant::now() + LOGIN_TIMEOUT;
    let Some(tls) = tls else {
        return Ok(connection::serve(broker, connection, stream, login_deadline).await);
    };
    let handshake = tokio::select! {
        biased;
        close = connection.ended() => return Err(close),
        handshake = timeout_at(login_deadline, tls.accept(ReadAhead::new(stream))) => handshake,
    };
    let stream = handshake.map_err(|_| Close::LoginTimeout)?.map_err(Close::Tls)?;
    if connection.listener.client_auth != ClientAuth::None {
        let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        channel_login::admit(broker, connection, certificate.map(AsRef::as_ref)).await?;
    }
    Ok(connection::serve(broker, connection, stream, login_deadline).await)
}
