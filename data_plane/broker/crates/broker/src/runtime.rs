//! Starts a broker, runs it on one thread, and stops it in order.

use std::{env, fs, io, path::Path, rc::Rc, sync::Arc};

use headrace_io::{Clock, Disk, OsRng, RealDisk, Rng, SystemClock};
use rustix::{fs::Mode, process::umask};
use thiserror::Error;
use tokio::{
    net::UnixListener,
    runtime,
    signal::unix::{SignalKind, signal},
    task::{JoinHandle, LocalSet, spawn_local},
    time::{sleep, timeout},
};

use crate::{
    acceptor,
    admin::{self, Starting},
    broker::{Broker, OpenError, Phase},
    config::Config,
    descriptors::{self, TooFewDescriptors},
    files, handover,
    limits::{SHUTDOWN_POLL, SHUTDOWN_TIMEOUT},
    listeners::{self, Listener, ListenerError},
};

pub(crate) const LOCK_FILE: &str = "broker.lock";

/// Why a broker does not start.
#[derive(Debug, Error)]
pub(crate) enum StartError {
    #[error("{what}: {source}")]
    Io { what: String, source: io::Error },
    #[error(transparent)]
    Listener(#[from] ListenerError),
    #[error(transparent)]
    Descriptors(#[from] TooFewDescriptors),
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
    descriptors::allow(&config.limits)?;
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

async fn serve(config: Config) -> Result<(), StartError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(StartError::io("signals"))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(StartError::io("signals"))?;
    let listeners = listeners::open(&config)?;
    let (broker, admin) = open(config)?;
    broker.start();
    let mut tasks = listen(&broker, &listeners);
    tasks.extend(hand_over(&broker, listeners)?);
    broker.phase.send_replace(Phase::Ready);
    tracing::info!(cluster_id = broker.config.cluster_id, generation = broker.config.generation, "ready");
    tokio::select! {
        _ = terminate.recv() => tracing::info!("told to stop"),
        _ = interrupt.recv() => tracing::info!("interrupted"),
    }
    stop(&broker, tasks).await;
    // The admin endpoint has told until now that the broker is stopping.
    drop(admin);
    Ok(())
}

/// Opens the state of the broker; the admin endpoint answers from before that, for recovery may take its time.
fn open(config: Config) -> Result<(Rc<Broker>, Option<JoinHandle<()>>), StartError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let rng: Arc<dyn Rng> = Arc::new(OsRng);
    let started_at_ms = clock.wall_ms();
    let Some(path) = config.admin_socket.clone() else {
        return Ok((Broker::open(config, disk, clock, rng, started_at_ms)?, None));
    };
    let failed = || StartError::io(path.display().to_string());
    let socket = admin::bind(&path).map_err(failed())?;
    let starting = socket.try_clone().and_then(|socket| Starting::serve(&config, started_at_ms, socket));
    let starting = starting.map_err(failed())?;
    let broker = Broker::open(config, disk, clock, rng, started_at_ms)?;
    starting.end().map_err(failed())?;
    let socket = UnixListener::from_std(socket).map_err(failed())?;
    let task = spawn_local(admin::serve(Rc::clone(&broker), socket));
    Ok((broker, Some(task)))
}

fn listen(broker: &Rc<Broker>, listeners: &[Rc<Listener>]) -> Vec<JoinHandle<()>> {
    let accept = |listener| spawn_local(acceptor::accept(Rc::clone(broker), Rc::clone(listener)));
    listeners.iter().map(accept).collect()
}

/// Serves the handover socket, where it is configured.
fn hand_over(
    broker: &Rc<Broker>,
    listeners: Vec<Rc<Listener>>,
) -> Result<Option<JoinHandle<()>>, StartError> {
    let Some(path) = &broker.config.handover_socket else { return Ok(None) };
    let socket = admin::bind(path).and_then(UnixListener::from_std);
    let socket = socket.map_err(StartError::io(path.display().to_string()))?;
    Ok(Some(spawn_local(handover::serve(Rc::clone(broker), socket, listeners))))
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
