//! Files that are damaged, missing or of another format are named, and never taken for nothing.

use std::{fs, path::Path};

use crate::{
    calls::{batch, create, produce},
    counting::delete,
    meter::{broker, bytes_of, client, close, close_one, page},
    support::{Broker, with_config},
};

const WINDOW_2: &str = "usage/00000000000000000002.window";
/// Where the version stands in a checked file.
const VERSION_AT: usize = 5;

/// Two windows and a checkpoint, left by a kill.
fn used() -> tempfile::TempDir {
    let broker = broker();
    let mut one = client(&broker, "one");
    create(&mut one, "gone", 1, &[]);
    create(&mut one, "t", 1, &[]);
    close(&broker);
    produce(&mut one, "t", 0, &batch(&["a"]));
    close(&broker);
    produce(&mut one, "t", 0, &batch(&["b"]));
    produce(&mut one, "gone", 0, &batch(&["c"]));
    delete(&mut one, "gone");
    broker.kill()
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// What a start in this directory says that fails.
fn refusal(data_dir: &Path) -> String {
    let output = with_config(data_dir).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
    said
}

#[test]
fn a_damaged_meter_or_window_is_refused_by_name() {
    for name in ["usage/meter", WINDOW_2] {
        let data_dir = used();
        flip(&data_dir.path().join(name), 30);
        let said = refusal(data_dir.path());
        assert!(
            said.contains(&format!("usage_file_damaged: ./{name}: the checksum does not match")),
            "{said}"
        );
    }
}

#[test]
fn a_missing_meter_or_window_is_refused_by_name() {
    for name in ["usage/meter", "usage/00000000000000000001.window"] {
        let data_dir = used();
        fs::remove_file(data_dir.path().join(name)).unwrap();
        let said = refusal(data_dir.path());
        assert!(said.contains(&format!("usage_file_damaged: ./{name}: the file is missing")), "{said}");
    }
}

#[test]
fn a_damaged_checkpoint_costs_no_more_than_the_principals() {
    // Without the write-ahead log nobody knows who appended what the window before did not count.
    for (has_wal, principal) in [(true, "User:hk_one"), (false, "unknown")] {
        let data_dir = used();
        flip(&data_dir.path().join("usage/checkpoint"), 30);
        if !has_wal {
            fs::remove_dir_all(data_dir.path().join("wal")).unwrap();
        }
        let broker = Broker::again(data_dir);
        let window = close_one(&broker);
        assert_eq!(bytes_of(&window, "t", principal), batch(&["b"]).len() as u64);
    }
}

#[test]
fn a_newer_format_is_refused_by_name() {
    for name in ["usage/meter", "usage/checkpoint", WINDOW_2] {
        let data_dir = used();
        let path = data_dir.path().join(name);
        let mut bytes = fs::read(&path).unwrap();
        bytes[VERSION_AT] = 2;
        let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes[..16]), &bytes[20..]);
        bytes[16..20].copy_from_slice(&crc.to_be_bytes());
        fs::write(&path, bytes).unwrap();
        let said = refusal(data_dir.path());
        assert!(said.contains(&format!("usage_format_unknown: ./{name}: version 2")), "{said}");
    }
}

#[test]
fn a_window_that_rots_while_the_broker_runs_is_told_and_the_broker_goes_on() {
    let broker = Broker::again(used());
    flip(&broker.data_dir.path().join(WINDOW_2), 30);
    let (status, body) = broker.admin("GET", "/v1/usage-windows");
    assert_eq!(status, 500);
    assert!(body.contains("usage_files_failed") && body.contains(WINDOW_2), "{body}");
    assert_eq!(page(&broker, "?max=1")["windows"][0]["id"], 1);
    broker.assert_serves();
}

#[test]
fn what_was_appended_before_there_was_a_meter_is_left_out() {
    let data_dir = used();
    fs::remove_dir_all(data_dir.path().join("usage")).unwrap();
    let broker = Broker::again(data_dir);
    let records = batch(&["d"]);
    produce(&mut client(&broker, "one"), "t", 0, &records);
    let broker = Broker::again(broker.kill());
    let window = close_one(&broker);
    let ranges = crate::meter::ranges(&window, "t");
    assert_eq!(ranges, [(2, 3, records.len() as u64, 1)]);
}
