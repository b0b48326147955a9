//! The process from outside: command line, files, sockets, signals.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail as tests do")]

mod support;

use std::{
    fs,
    io::{IoSliceMut, Read as _},
    mem::MaybeUninit,
    net::TcpListener,
    os::{
        fd::OwnedFd,
        unix::{fs::PermissionsExt as _, net::UnixStream},
    },
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use rustix::{
    fs::{CWD, FileType, Mode, mknodat},
    net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg},
};
use serde_json::{Value, json};
use support::{Broker, program};
use tempfile::TempDir;

/// Exit status and standard error of a start that should fail.
fn failed(arguments: &[&str]) -> (Option<i32>, String) {
    let mut child = program().args(arguments).spawn().unwrap();
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    (child.wait().unwrap().code(), text)
}

#[test]
fn a_bad_command_line_ends_with_status_2() {
    for arguments in [&[][..], &["--config"], &["--nonsense"], &["dev", "--listen", "127.0.0.1:1"]] {
        let (status, text) = failed(arguments);
        assert_eq!(status, Some(2), "{text}");
        assert!(text.contains("usage:"), "{text}");
    }
}

#[test]
fn a_bad_configuration_ends_with_status_1_and_one_line() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("config.json");
    let mut config = support::config(directory.path());
    config["surprise"] = json!(true);
    fs::write(&file, config.to_string()).unwrap();
    let (status, text) = failed(&["--config", file.to_str().unwrap()]);
    assert_eq!((status, text.lines().count()), (Some(1), 1), "{text}");
    assert!(text.contains("surprise"), "{text}");
    assert_eq!(failed(&["--config", "/nonexistent"]).0, Some(1));
}

#[test]
fn fewer_descriptors_than_the_limits_need_are_refused() {
    let directory = TempDir::new().unwrap();
    let start = r#"ulimit -n 1024; exec "$0" dev --listen 127.0.0.1:0 --data-dir "$1""#;
    let mut command = Command::new("sh");
    command.args(["-c", start, env!("CARGO_BIN_EXE_headrace-broker")]).arg(directory.path());
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.contains("limit of open files is 1024"), "{said}");
}

#[test]
fn dev_is_refused_beyond_loopback() {
    let (status, text) = failed(&["dev", "--listen", "0.0.0.0:0", "--data-dir", "/nonexistent"]);
    assert_eq!(status, Some(1));
    assert!(text.contains("not a loopback address"), "{text}");
}

#[test]
fn two_brokers_do_not_share_a_data_directory() {
    let broker = Broker::dev();
    let directory = broker.data_dir.path().to_str().unwrap();
    let (status, text) = failed(&["dev", "--listen", "127.0.0.1:0", "--data-dir", directory]);
    assert_eq!(status, Some(1));
    assert!(text.contains("another broker uses this data directory"), "{text}");
    broker.assert_serves();
}

#[test]
fn health_says_what_runs() {
    let broker = Broker::with_logins(|_| ());
    let (status, body) = broker.admin("GET", "/healthz");
    let health: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 200);
    let expected = json!({"status": "ready", "cluster_id": "lkc_test", "broker_id": 1, "generation": 7, "credentials_generation": 1});
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&health[field], value, "{field}");
    }
    assert!(health["started_at"].as_str().unwrap().ends_with('Z'));
    let customers = &health["customers"];
    assert_eq!((&customers["connections"], &customers["seen"]), (&json!(0), &json!(false)));
    assert!(customers["idle_ms"].is_u64());
    assert_eq!(broker.admin("GET", "/elsewhere").0, 404);
    assert_eq!(broker.admin("POST", "/healthz").0, 405);
}

/// A credentials file that nobody has written yet keeps the start waiting, as a long recovery would.
#[test]
fn health_is_told_while_the_broker_starts() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().to_owned();
    let credentials = path.join("credentials.json");
    mknodat(CWD, &credentials, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    fs::write(path.join("config.json"), support::config(&path).to_string()).unwrap();
    let mut command = program();
    command.arg("--config").arg(path.join("config.json"));
    let start = thread::spawn(move || Broker::start(command, directory));
    let (status, body) = loop {
        match support::admin(&path, "GET", "/healthz") {
            Ok(answer) => break answer,
            Err(error) => assert!(!start.is_finished(), "the broker ended: {error}"),
        }
        thread::sleep(Duration::from_millis(5));
    };
    let health: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &health["status"], &health["generation"]), (503, &json!("starting"), &json!(7)));
    assert_eq!(support::admin(&path, "GET", "/metrics").unwrap().0, 503);
    fs::write(&credentials, json!({"format": 1, "generation": 3, "credentials": []}).to_string()).unwrap();
    let broker = start.join().unwrap();
    let (status, body) = broker.admin("GET", "/healthz");
    let health: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &health["credentials_generation"]), (200, &json!(3)));
}

#[test]
fn metrics_count_requests_and_their_time() {
    let broker = Broker::with_logins(|_| ());
    assert_eq!(broker.connect().login("hk_one", "secret-one"), 0);
    let (status, text) = broker.admin("GET", "/metrics");
    assert_eq!(status, 200);
    for line in [
        r#"headrace_broker_requests_total{api="SaslAuthenticate"} 1"#,
        r#"headrace_broker_request_seconds_count{api="SaslHandshake"} 1"#,
    ] {
        assert!(text.lines().any(|written| written == line), "{line} is missing from {text}");
    }
}

#[test]
fn local_sockets_and_secrets_are_for_the_owner_alone() {
    let broker = Broker::with_logins(|_| ());
    for name in ["admin.sock", "handover.sock", "decoy.key"] {
        let mode = fs::metadata(broker.data_dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} has mode {mode:o}");
    }
}

#[test]
fn termination_is_orderly() {
    let broker = Broker::with_logins(|_| ());
    let mut client = broker.connect();
    assert_eq!(client.login("hk_one", "secret-one"), 0);
    let directory = broker.data_dir.path().to_owned();
    let (status, log) = broker.terminate();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("\"stopped\""), "{log}");
    assert!(!directory.join("admin.sock").exists());
    client.assert_closed();
}

/// The socket travels as standard input and becomes descriptor 3 on the way, as a supervisor would have it.
#[test]
fn an_inherited_socket_is_used_by_its_name() {
    let directory = TempDir::new().unwrap();
    support::credentials::write(directory.path(), 1, &[("hk_one", "secret-one")]);
    let config = directory.path().join("config.json");
    fs::write(&config, support::config(directory.path()).to_string()).unwrap();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let inherit = |names: &str, socket: TcpListener| {
        let mut command = Command::new("sh");
        command
            .args(["-c", "exec 3<&0 0</dev/null; exec \"$0\" --config \"$1\""])
            .args([env!("CARGO_BIN_EXE_headrace-broker").as_ref(), config.as_os_str()])
            .envs([("LISTEN_FDS", "1"), ("LISTEN_FDNAMES", names)])
            .stdin(Stdio::from(OwnedFd::from(socket)))
            .stderr(Stdio::piped());
        command
    };
    let mut unknown = inherit("elsewhere", socket.try_clone().unwrap()).spawn().unwrap();
    let mut text = String::new();
    unknown.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(unknown.wait().unwrap().code(), Some(1));
    assert!(text.contains("elsewhere"), "{text}");

    let command = inherit("sasl_plaintext", socket);
    let broker = Broker::start(command, directory);
    assert_eq!(broker.address, address);
    assert_eq!(broker.connect().login("hk_one", "secret-one"), 0);
}

#[test]
fn the_handover_socket_gives_the_listening_sockets_away() {
    let broker = Broker::with_logins(|_| ());
    let stream = UnixStream::connect(broker.data_dir.path().join("handover.sock")).unwrap();
    let mut line = [0; 512];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let message =
        recvmsg(&stream, &mut [IoSliceMut::new(&mut line)], &mut ancillary, RecvFlags::empty()).unwrap();
    let text = std::str::from_utf8(&line[..message.bytes]).unwrap();
    let said: Value = serde_json::from_str(text.strip_suffix('\n').unwrap()).unwrap();
    assert_eq!((&said["cluster_id"], &said["listeners"]), (&json!("lkc_test"), &json!(["sasl_plaintext"])));
    let sockets: Vec<OwnedFd> = ancillary
        .drain()
        .flat_map(|message| match message {
            RecvAncillaryMessage::ScmRights(descriptors) => descriptors.collect(),
            _ => Vec::new(),
        })
        .collect();
    let sockets: Vec<TcpListener> = sockets.into_iter().map(TcpListener::from).collect();
    assert_eq!(sockets.len(), 1);
    assert_eq!(sockets[0].local_addr().unwrap(), broker.address);
    broker.assert_serves();
}
