//! Starts a broker, runs it on one thread, and stops it in order.

use std::{env, fs, io, path::Path, rc::Rc, sync::Arc};

use headrace_io::{Clock, OsRng, Rng, SystemClock};
use rustix::{
    fs::Mode,
    process::{Resource, Rlimit, getrlimit, setrlimit, umask},
};
use thiserror::Error;
use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
    task::{JoinHandle, LocalSet, spawn_local},
    time::{sleep, timeout},
};

use crate::{
    acceptor, admin,
    broker::{Broker, OpenError, Phase},
    config::Config,
    files, handover,
    limits::{SHUTDOWN_POLL, SHUTDOWN_TIMEOUT},
    listeners::{self, Listener, ListenerError},
    tls::{self, TlsError},
};

const LOCK_FILE: &str = "broker.lock";

/// Why a broker does not start.
#[derive(Debug, Error)]
pub(crate) enum StartError {
    #[error("{what}: {source}")]
    Io { what: String, source: io::Error },
    #[error(transparent)]
    Listener(#[from] ListenerError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl StartError {
    fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

/// Runs a broker until it is told to stop.
pub(crate) fn run(config: Config) -> Result<(), StartError> {
    // Sockets and files are for the owner alone.
    umask(Mode::RWXG | Mode::RWXO);
    allow_descriptors();
    let data_dir = config.data_dir.clone();
    fs::create_dir_all(&data_dir)
        .map_err(StartError::io(format!("data directory {}", data_dir.display())))?;
    env::set_current_dir(&data_dir)
        .map_err(StartError::io(format!("data directory {}", data_dir.display())))?;
    let _lock = files::lock(Path::new(LOCK_FILE)).map_err(StartError::io(data_dir.display().to_string()))?;
    let runtime = runtime::Builder::new_current_thread().enable_io().enable_time().build();
    let runtime = runtime.map_err(StartError::io("event loop"))?;
    let local = LocalSet::new();
    local.block_on(&runtime, serve(config))
}

/// Every connection and every open segment takes a descriptor; the soft limit is often far below the hard one.
fn allow_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(%error, "can not raise the limit of open files");
    }
}

async fn serve(config: Config) -> Result<(), StartError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(StartError::io("signals"))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(StartError::io("signals"))?;
    let listeners = listeners::open(&config)?;
    let tls = config.tls.as_ref().map(tls::acceptor).transpose()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let rng: Arc<dyn Rng> = Arc::new(OsRng);
    let broker = Broker::open(config, clock, rng)?;
    let mut tasks = local_endpoints(&broker, &listeners)?;
    broker.start();
    for listener in &listeners {
        tasks.push(spawn_local(acceptor::accept(Rc::clone(&broker), Rc::clone(listener), tls.clone())));
    }
    drop(listeners);
    broker.phase.send_replace(Phase::Ready);
    tracing::info!(cluster_id = broker.config.cluster_id, generation = broker.config.generation, "ready");
    tokio::select! {
        _ = terminate.recv() => tracing::info!("told to stop"),
        _ = interrupt.recv() => tracing::info!("interrupted"),
    }
    stop(&broker, tasks).await;
    Ok(())
}

/// The admin endpoint and the handover socket, where they are configured.
fn local_endpoints(
    broker: &Rc<Broker>,
    listeners: &[Rc<Listener>],
) -> Result<Vec<JoinHandle<()>>, StartError> {
    let mut tasks = Vec::new();
    let bind = |path: &Path| admin::bind(path).map_err(StartError::io(path.display().to_string()));
    if let Some(path) = &broker.config.admin_socket {
        tasks.push(spawn_local(admin::serve(Rc::clone(broker), bind(path)?)));
    }
    if let Some(path) = &broker.config.handover_socket {
        tasks.push(spawn_local(handover::serve(Rc::clone(broker), bind(path)?, listeners.to_vec())));
    }
    Ok(tasks)
}

/// Takes nothing new, answers what is in flight, makes everything durable.
async fn stop(broker: &Rc<Broker>, tasks: Vec<JoinHandle<()>>) {
    broker.phase.send_replace(Phase::Stopping);
    for task in &tasks {
        task.abort();
    }
    let drained = timeout(SHUTDOWN_TIMEOUT, async {
        while broker.connections.count() > 0 {
            sleep(SHUTDOWN_POLL).await;
        }
    });
    if drained.await.is_err() {
        tracing::warn!(connections = broker.connections.count(), "stopping with requests unanswered");
    }
    broker.shut_down().await;
    for path in [&broker.config.admin_socket, &broker.config.handover_socket].into_iter().flatten() {
        if let Err(error) = fs::remove_file(path) {
            tracing::warn!(path = %path.display(), %error, "can not remove the socket");
        }
    }
    tracing::info!("stopped");
}
