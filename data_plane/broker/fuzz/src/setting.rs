//! Brokers in memory, each with the same beginning.

use std::{cell::OnceCell, fs, net::SocketAddr, sync::Arc, time::Duration};

use headrace_broker::entrances::Entrances;
use headrace_io::{SeededRng, SimDisk};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::json;
use tokio::{
    runtime::{Builder, Runtime},
    task::LocalSet,
    time::timeout,
};

use crate::{clock::RuntimeClock, support::credential};

/// Listeners of every broker.
pub(crate) const OPEN: &str = "open";
pub(crate) const LOGINS: &str = "logins";
pub(crate) const ENCRYPTED: &str = "encrypted";
pub(crate) const CERTIFICATES: &str = "certificates";
/// Who may log in.
pub(crate) const USER: &str = "hr_key";
pub(crate) const SECRET: &str = "hr_secret";

/// The room of a frame is taken once its length is known, out of pools: this is the most that a short input can take by saying so.
pub(crate) const REQUEST_BYTES_MAX: usize = 64 * 1024;
/// Longer than a broker lets anybody wait who does not ask for it.
const PATIENCE: Duration = Duration::from_mins(1);
const SEED: u64 = 20_261_130;
/// The file that decoy salts come from: read by every broker, and the same for all.
const DECOY_KEY: (&str, [u8; 32]) = ("decoy.key", [9; 32]);

thread_local! {
    static SETTING: OnceCell<Setting> = const { OnceCell::new() };
}

struct Setting {
    runtime: Runtime,
    config: Vec<u8>,
}

impl Setting {
    fn new() -> Self {
        write_files().unwrap_or_else(fail);
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
        Self { runtime: runtime.unwrap_or_else(fail), config: config() }
    }
}

fn fail<T>(error: impl std::fmt::Display) -> T {
    panic!("the setting can not be made: {error}")
}

/// A client's address.
pub(crate) fn peer() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 2], 40_000))
}

/// Runs something at a broker that has just started, until it ends or waits for too long; time passes as fast as nobody works.
pub(crate) fn at_a_broker<T>(act: impl AsyncFnOnce(Entrances) -> T) -> Option<T> {
    SETTING.with(|setting| {
        let setting = setting.get_or_init(Setting::new);
        let local = LocalSet::new();
        local.block_on(&setting.runtime, async {
            let (disk, clock) = (Arc::new(SimDisk::new()), Arc::new(RuntimeClock::new()));
            let rng = Arc::new(SeededRng::new(SEED));
            let broker = Entrances::open(&setting.config, disk, clock, rng).unwrap_or_else(fail);
            timeout(PATIENCE, act(broker)).await.ok()
        })
    })
}

/// Into the working directory, which whoever runs a target makes for it.
fn write_files() -> std::io::Result<()> {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).map_err(std::io::Error::other)?;
    let credentials = json!({"format": 1, "generation": 1, "credentials": [credential(USER, SECRET)]});
    fs::write(DECOY_KEY.0, DECOY_KEY.1)?;
    fs::write("certificate.pem", cert.pem())?;
    fs::write("key.pem", signing_key.serialize_pem())?;
    fs::write("credentials.json", credentials.to_string())
}

fn config() -> Vec<u8> {
    let listener = |name: &str, protocol: &str, port: u16| {
        let address = format!("127.0.0.1:{port}");
        json!({"name": name, "protocol": protocol, "bind": address, "advertised": address})
    };
    let mut certificates = listener(CERTIFICATES, "SSL", 4);
    certificates["client_auth"] = json!("requested");
    let listeners = [
        listener(OPEN, "PLAINTEXT", 1),
        listener(LOGINS, "SASL_PLAINTEXT", 2),
        listener(ENCRYPTED, "SASL_SSL", 3),
        certificates,
    ];
    json!({
        "format": 1, "cluster_id": "lkc_1", "broker_id": 1, "generation": 1, "data_dir": ".", "listeners": listeners,
        "tls": {
            "certificate_file": "certificate.pem", "private_key_file": "key.pem", "client_ca_file": "certificate.pem",
        },
        "credentials_file": "credentials.json",
        "limits": {"request_bytes_max": REQUEST_BYTES_MAX},
    })
    .to_string()
    .into_bytes()
}
