//! `headrace-broker fork`: forks a cluster whose broker does not run. The request comes on standard input, the report goes to
//! standard output; what is wrong goes there too, as an object with `code` and `detail`.

use std::{
    env,
    io::{self, Read as _, Write as _},
    path::Path,
    process::ExitCode,
    rc::Rc,
    sync::Arc,
};

use headrace_commit::WalConfig;
use headrace_groups::GroupConfig;
use headrace_io::{Clock, Disk, OsRng, RealDisk, Rng, SystemClock};
use headrace_transactions::TransactionConfig;
use rustix::{fs::Mode, process::umask};
use serde_json::{Value, json};
use tokio::{runtime, task::LocalSet};

use super::{ForkError, ForkReport, ForkRequest, Source};
use crate::{
    config::{Config, ConfigError},
    descriptors, files,
    groups::Groups,
    journal,
    limits::FORK_BODY_BYTES_MAX,
    runtime::LOCK_FILE,
    topics::Topics,
    transactions::Transactions,
    usage::Usage,
};

/// Exit status of a fork that was not made.
const EXIT_FAILED: u8 = 1;

/// Forks the cluster of a configuration.
pub(crate) fn run(config: Result<Config, ConfigError>) -> ExitCode {
    let (status, answer) = match forked(config) {
        Ok(report) => (ExitCode::SUCCESS, json!(report)),
        Err(problem) => (ExitCode::from(EXIT_FAILED), problem),
    };
    match writeln!(io::stdout(), "{answer}") {
        Ok(()) => status,
        Err(_) => ExitCode::from(EXIT_FAILED),
    }
}

fn forked(config: Result<Config, ConfigError>) -> Result<ForkReport, Value> {
    let config = config.map_err(|error| problem("config_invalid", &error))?;
    let request = request().map_err(|error| problem("body_invalid", &error))?;
    umask(Mode::RWXG | Mode::RWXO);
    descriptors::allow(&config.limits).map_err(|error| problem("descriptors_too_few", &error))?;
    env::set_current_dir(&config.data_dir).map_err(|error| problem("directory_unreadable", &error))?;
    let _lock = files::lock(Path::new(LOCK_FILE)).map_err(|error| problem("broker_running", &error))?;
    let runtime = runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|error| problem("event_loop_failed", &error))?;
    LocalSet::new().block_on(&runtime, async {
        let source = open(&config).map_err(|error| problem("data_unreadable", &error))?;
        source.fork(request).await.map_err(|error: ForkError| problem(error.code(), &error))
    })
}

fn request() -> io::Result<ForkRequest> {
    let mut body = Vec::new();
    io::stdin().take(FORK_BODY_BYTES_MAX as u64 + 1).read_to_end(&mut body)?;
    if body.len() > FORK_BODY_BYTES_MAX {
        return Err(io::Error::other(format!("a request has at most {FORK_BODY_BYTES_MAX} bytes")));
    }
    Ok(serde_json::from_slice(&body)?)
}

/// Opens what is forked, and nothing else: neither is anything metered, nor is a transaction taken up again.
fn open(config: &Config) -> Result<Source, crate::broker::OpenError> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let rng: Arc<dyn Rng> = Arc::new(OsRng);
    let usage = Usage::open(Arc::clone(&disk), Arc::clone(&clock), &*rng, config.usage.window_length())?;
    let topics = Topics::open(
        Arc::clone(&disk),
        Arc::clone(&clock),
        rng,
        &config.limits,
        usage,
        WalConfig::default(),
    )?;
    let group_config = GroupConfig { groups_max: config.limits.groups_max, ..config.groups.coordinator() };
    let directory = Path::new(journal::GROUPS.directory);
    let groups = Groups::open(Arc::clone(&disk), directory, Arc::clone(&clock), group_config)?;
    let transactions = Transactions::open(
        Arc::clone(&disk),
        Arc::clone(&clock),
        TransactionConfig::default(),
        Rc::clone(&topics),
        Rc::clone(&groups),
    )?;
    Ok(Source { disk, clock, topics, groups, transactions, is_served: false })
}

fn problem(code: &str, error: &dyn std::fmt::Display) -> Value {
    json!({"code": code, "detail": error.to_string()})
}
