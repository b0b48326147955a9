//! Takes connections within the limits and runs each as a task.

use std::{net::SocketAddr, rc::Rc};

use tokio::{
    net::TcpStream,
    task::spawn_local,
    time::{Instant, sleep, timeout_at},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    broker::Broker,
    close::Close,
    connection,
    connections::{Connection, Refused},
    limits::{ACCEPT_PAUSE, LOGIN_TIMEOUT},
    listeners::Listener,
    metrics::ReasonLabels,
};

/// Accepts on one listener for as long as it is polled.
pub(crate) async fn accept(broker: Rc<Broker>, listener: Rc<Listener>, tls: Option<TlsAcceptor>) {
    if let Ok(address) = listener.socket.local_addr() {
        tracing::info!(listener = listener.config.name, %address, "listening");
    }
    loop {
        match listener.socket.accept().await {
            Ok((stream, peer)) => admit(&broker, &listener, tls.as_ref(), stream, peer),
            Err(error) => {
                tracing::warn!(listener = listener.config.name, %error, "can not accept");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn admit(
    broker: &Rc<Broker>,
    listener: &Listener,
    tls: Option<&TlsAcceptor>,
    stream: TcpStream,
    peer: SocketAddr,
) {
    if let Err(refused) = broker.connections.admit(peer) {
        return refuse(broker, peer, refused);
    }
    let mechanisms = broker.security.mechanisms();
    let connection = broker.connections.open(peer, Rc::clone(&listener.config), mechanisms);
    broker.metrics.connections.inc();
    let tls = tls.filter(|_| listener.config.protocol.uses_tls()).cloned();
    spawn_local(run(Rc::clone(broker), connection, tls, stream));
}

fn refuse(broker: &Broker, peer: SocketAddr, refused: Refused) {
    tracing::warn!(%peer, reason = refused.code(), "connection refused");
    broker.metrics.connections_refused.get_or_create(&ReasonLabels { reason: refused.code() }).inc();
}

async fn run(broker: Rc<Broker>, connection: Rc<Connection>, tls: Option<TlsAcceptor>, stream: TcpStream) {
    let close = match serve(&broker, &connection, tls, stream).await {
        Ok(close) | Err(close) => close,
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

async fn serve(
    broker: &Rc<Broker>,
    connection: &Rc<Connection>,
    tls: Option<TlsAcceptor>,
    stream: TcpStream,
) -> Result<Close, Close> {
    let login_deadline = Instant::now() + LOGIN_TIMEOUT;
    stream.set_nodelay(true)?;
    let Some(tls) = tls else {
        return Ok(connection::serve(broker, connection, stream, login_deadline).await);
    };
    let handshake = timeout_at(login_deadline, tls.accept(stream)).await;
    let stream = handshake.map_err(|_| Close::LoginTimeout)?.map_err(Close::Tls)?;
    Ok(connection::serve(broker, connection, stream, login_deadline).await)
}
