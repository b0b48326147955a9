//! Starts the real process and speaks to it byte by byte.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "shared by several test programs"
)]

pub mod client;
pub mod credentials;

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::SocketAddr,
    os::unix::net::UnixStream,
    path::Path,
    process::{Child, ChildStderr, Command, ExitStatus, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

pub use client::Client;

/// Who may log in: names and secrets.
const USERS: [(&str, &str); 2] = [("hk_one", "secret-one"), ("hk_two", "secret-two")];

/// The program under test.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_headrace-broker"));
    command.stderr(Stdio::piped()).stdin(Stdio::null());
    command
}

/// The command that runs the broker of a directory with logins.
pub fn with_config(data_dir: &Path) -> Command {
    let mut command = program();
    command.arg("--config").arg(data_dir.join("config.json"));
    command
}

/// A running broker in a directory of its own; killed when dropped.
pub struct Broker {
    pub data_dir: TempDir,
    pub address: SocketAddr,
    child: Child,
    log: BufReader<ChildStderr>,
}

impl Broker {
    /// `dev` on a free port.
    pub fn dev() -> Self {
        Self::dev_in(TempDir::new().unwrap())
    }

    /// `dev` on a free port, in a directory that may have been another broker's.
    pub fn dev_in(data_dir: TempDir) -> Self {
        let mut command = program();
        command.args(["dev", "--listen", "127.0.0.1:0", "--num-partitions", "4", "--data-dir"]);
        command.arg(data_dir.path());
        Self::start(command, data_dir)
    }

    /// A broker with logins; `change` edits its configuration first.
    pub fn with_logins(change: impl FnOnce(&mut Value)) -> Self {
        Self::open_so_far(&json!({}), change)
    }

    /// A broker with logins that is open so far: `access`, `allowed_networks`.
    pub fn open_so_far(openness: &Value, change: impl FnOnce(&mut Value)) -> Self {
        let data_dir = TempDir::new().unwrap();
        credentials::write_open(data_dir.path(), 1, &USERS, openness);
        let mut config = config(data_dir.path());
        change(&mut config);
        fs::write(data_dir.path().join("config.json"), config.to_string()).unwrap();
        Self::again(data_dir)
    }

    /// Starts anew in the directory of a broker with logins.
    pub fn again(data_dir: TempDir) -> Self {
        Self::start(with_config(data_dir.path()), data_dir)
    }

    /// Starts a prepared command and waits until it listens.
    pub fn start(mut command: Command, data_dir: TempDir) -> Self {
        let mut child = command.spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let address = loop {
            let mut line = String::new();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "the broker ended: {:?}", child.wait());
            let event: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not an event: {line}"));
            if event["message"] == "listening" {
                break event["address"].as_str().unwrap().parse().unwrap();
            }
        };
        Self { data_dir, address, child, log }
    }

    /// Opens or closes a broker with logins, by its credentials file.
    pub fn open_to(&self, openness: &Value) {
        let health: Value = serde_json::from_str(&self.admin("GET", "/healthz").1).unwrap();
        let generation = health["credentials_generation"].as_u64().unwrap() + 1;
        credentials::write_open(self.data_dir.path(), generation, &USERS, openness);
        let answered = self.admin("POST", "/v1/credentials:reload");
        assert_eq!(answered, (200, json!({"credentials_generation": generation}).to_string()));
    }

    pub fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// Resident memory, in bytes.
    pub fn resident_bytes(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
    }

    /// Status and body of a request to the admin endpoint.
    pub fn admin(&self, method: &str, path: &str) -> (u16, String) {
        admin(self.data_dir.path(), method, path).unwrap()
    }

    /// Status and body of a request with a body to the admin endpoint.
    pub fn admin_post(&self, path: &str, body: &str) -> (u16, String) {
        request(self.data_dir.path(), "POST", path, body).unwrap()
    }

    /// Stops the process in order; its directory stays.
    pub fn stop(mut self) -> TempDir {
        let data_dir = std::mem::replace(&mut self.data_dir, TempDir::new().unwrap());
        let (status, log) = self.terminate();
        assert!(status.success(), "{log}");
        data_dir
    }

    /// Asks the process to stop, and waits until it has; answers the rest of its log too.
    pub fn terminate(mut self) -> (ExitStatus, String) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).unwrap();
        let mut rest = String::new();
        self.log.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap(), rest)
    }

    /// Ends the process as `kill -9` does; its directory stays.
    pub fn kill(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.data_dir, TempDir::new().unwrap())
    }

    /// Whether the process still serves.
    pub fn assert_serves(&self) {
        let mut client = self.connect();
        assert_eq!(client.api_versions(0).error_code, 0);
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // It may have ended already, which is what some tests are about.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Status and body of a request to the admin endpoint of the broker in this directory.
pub fn admin(data_dir: &Path, method: &str, path: &str) -> io::Result<(u16, String)> {
    request(data_dir, method, path, "")
}

fn request(data_dir: &Path, method: &str, path: &str, body: &str) -> io::Result<(u16, String)> {
    let mut stream = UnixStream::connect(data_dir.join("admin.sock"))?;
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: broker\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    // A body that is too long is refused before it is read.
    let _ = stream.write_all(body.as_bytes());
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    Ok((head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned()))
}

/// A configuration with logins over plaintext.
pub fn config(data_dir: &Path) -> Value {
    json!({
        "format": 1,
        "cluster_id": "lkc_test",
        "broker_id": 1,
        "generation": 7,
        "data_dir": data_dir,
        "listeners": [{
            "name": "sasl_plaintext", "protocol": "SASL_PLAINTEXT",
            "bind": "127.0.0.1:0", "advertised": "localhost:9092"
        }],
        "credentials_file": "credentials.json",
        "admin_socket": "admin.sock",
        "handover_socket": "handover.sock"
    })
}
