//! Listening sockets: inherited from a supervisor by name, or bound here.

use std::{env, io, net, rc::Rc};

use listenfd::ListenFd;
use thiserror::Error;
use tokio::net::TcpListener;

use crate::config::{Config, ListenerConfig};

/// Names of inherited sockets, as `sd_listen_fds_with_names(3)` has them.
const NAMES_VARIABLE: &str = "LISTEN_FDNAMES";

/// Why the broker has no socket to listen on.
#[derive(Debug, Error)]
pub(crate) enum ListenerError {
    #[error("inherited socket {0:?} is no listener of the configuration")]
    UnknownName(String),
    #[error("{sockets} inherited sockets have {names} names")]
    Names { sockets: usize, names: usize },
    #[error("inherited socket {name:?}: {source}")]
    Inherited { name: String, source: io::Error },
    #[error("listener {name} can not bind {address}: {source}")]
    Bind { name: String, address: net::SocketAddr, source: io::Error },
}

/// A listener and its socket.
pub(crate) struct Listener {
    pub(crate) config: Rc<ListenerConfig>,
    pub(crate) socket: TcpListener,
}

/// The sockets of all listeners, in the order of the configuration. Must be called inside the runtime, once.
pub(crate) fn open(config: &Config) -> Result<Vec<Rc<Listener>>, ListenerError> {
    let mut inherited = inherited()?;
    let known = |name: &String| config.listeners.iter().any(|listener| listener.name == *name);
    if let Some((name, _)) = inherited.iter().find(|(name, _)| !known(name)) {
        return Err(ListenerError::UnknownName(name.clone()));
    }
    let mut listeners = Vec::new();
    for listener in &config.listeners {
        let position = inherited.iter().position(|(name, _)| *name == listener.name);
        let socket = match position {
            Some(position) => Ok(inherited.swap_remove(position).1),
            None => net::TcpListener::bind(listener.bind),
        };
        let socket = socket.and_then(into_tokio).map_err(|source| ListenerError::Bind {
            name: listener.name.clone(),
            address: listener.bind,
            source,
        })?;
        listeners.push(Rc::new(listen(listener, socket)));
    }
    Ok(listeners)
}

fn listen(config: &ListenerConfig, socket: TcpListener) -> Listener {
    let mut config = config.clone();
    if let (0, Ok(address)) = (config.advertised.port, socket.local_addr()) {
        config.advertised.port = address.port();
    }
    Listener { config: Rc::new(config), socket }
}

fn into_tokio(socket: net::TcpListener) -> io::Result<TcpListener> {
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket)
}

fn inherited() -> Result<Vec<(String, net::TcpListener)>, ListenerError> {
    let names = env::var(NAMES_VARIABLE).unwrap_or_default();
    let names: Vec<&str> = names.split(':').filter(|name| !name.is_empty()).collect();
    let mut sockets = ListenFd::from_env();
    if sockets.len() != names.len() {
        return Err(ListenerError::Names { sockets: sockets.len(), names: names.len() });
    }
    let take = |(index, name): (usize, &&str)| {
        let failed = |source| ListenerError::Inherited { name: (*name).to_owned(), source };
        let socket = sockets.take_tcp_listener(index).map_err(failed)?;
        let socket = socket.ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
        Ok(((*name).to_owned(), socket))
    };
    names.iter().enumerate().map(take).collect()
}
