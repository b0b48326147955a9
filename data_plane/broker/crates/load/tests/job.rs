//! A job against a broker that only answers: what is counted is what was answered.

#![expect(clippy::unwrap_used, reason = "helpers of tests lie outside #[test] functions")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use serde_json::Value;

const CORRELATION: std::ops::Range<usize> = 4..8;

/// Answers every produce request with an error code, and counts them.
fn broker(code: i16) -> (SocketAddr, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, answered) = (listener.local_addr().unwrap(), Arc::new(AtomicU64::new(0)));
    let counter = Arc::clone(&answered);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let counter = Arc::clone(&counter);
            thread::spawn(move || answer_all(stream.unwrap(), code, &counter));
        }
    });
    (address, answered)
}

fn answer_all(mut stream: TcpStream, code: i16, answered: &AtomicU64) {
    let mut length = [0; 4];
    while stream.read_exact(&mut length).is_ok() {
        let mut request = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut request).unwrap();
        let mut answer = request[CORRELATION].to_vec();
        answer.extend_from_slice(&1_i32.to_be_bytes());
        answer.extend_from_slice(&[0, 1, b't']);
        answer.extend_from_slice(&1_i32.to_be_bytes());
        answer.extend_from_slice(&0_i32.to_be_bytes());
        answer.extend_from_slice(&code.to_be_bytes());
        answer.extend_from_slice(&[0; 28]);
        answered.fetch_add(1, Ordering::SeqCst);
        let length = (answer.len() as u32).to_be_bytes();
        if stream.write_all(&[&length[..], &answer].concat()).is_err() {
            return;
        }
    }
}

fn run(address: SocketAddr, produce: &str) -> Output {
    let job = format!(
        r#"{{"address": "{address}", "pid": {pid}, "warmup_seconds": 0, "seconds": 20, "produce": {{
            "topic": "t", "partitions": 3, "connections": 2, "in_flight": 5, "records": 2, "value_bytes": 100{produce}
        }}}}"#,
        pid = std::process::id(),
    );
    Command::new(env!("CARGO_BIN_EXE_headrace-load")).arg(job).output().unwrap()
}

#[test]
fn what_is_counted_is_what_was_answered() {
    let (address, answered) = broker(0);
    let output = run(address, r#", "bytes": 200000"#);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let measured: Value = serde_json::from_slice(&output.stdout).unwrap();
    let requests = measured["produce"]["requests"].as_u64().unwrap();
    // What was under way when the measurement ended was answered too.
    let all = answered.load(Ordering::SeqCst);
    assert!(requests >= 1_000 && (all - 5..=all).contains(&requests), "{requests} of {all}");
    assert!(measured["produce"]["p50_us"].as_f64().unwrap() > 0.0);
    assert!(measured["broker"]["resident_bytes"].as_u64().unwrap() > 0);
}

#[test]
fn an_error_in_an_answer_ends_the_job() {
    let (address, _) = broker(6);
    let output = run(address, "");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("Produce with error code 6"));
}
