//! What the requests of one connection take of the broker's memory.

use headrace_protocol::encode_request;

use crate::{
    calls::{create, fetch_request, is_served, login, metric, produce},
    support::Broker,
};

const MEBIBYTE: usize = 1024 * 1024;
const WAITS: &str = "request_memory_waits_total{reason=\"connection\"}";
/// Longer than a test lasts: what is produced ends the wait.
const LONG_MS: i32 = 300_000;

/// A poll whose frame has exactly so many bytes, most of them in the name of a rack.
fn poll_of(frame_bytes: usize) -> Vec<u8> {
    let mut request = fetch_request("t", LONG_MS);
    let bytes = |request: &_| encode_request(request, 12, 1, Some("test")).unwrap().concat();
    request.rack_id = "r".repeat(frame_bytes / 2).into();
    let rest = bytes(&request).len() - 4 - frame_bytes / 2;
    request.rack_id = "r".repeat(frame_bytes - rest).into();
    let frame = bytes(&request);
    assert_eq!(frame.len(), 4 + frame_bytes);
    frame
}

#[test]
fn a_connection_has_so_many_bytes_of_requests_in_memory_and_the_next_one_waits() {
    let broker = Broker::with_logins(|_| ());
    let (mut client, mut other) = (login(&broker, "one"), login(&broker, "two"));
    assert_eq!(create(&mut other, "t").0, 0);
    let half = poll_of(16 * MEBIBYTE);
    client.send(&half);
    client.send(&half);
    // Counted once they are read whole.
    while metric(&broker, "received_bytes_total") < 32 * MEBIBYTE as u64 {
        assert!(is_served(&mut other));
    }
    assert_eq!(metric(&broker, WAITS), 0, "at the limit");
    client.send_frame(&[0, 18, 0, 0, 0, 0, 0, 2, 0, 1, b'c']);
    while metric(&broker, WAITS) == 0 {
        assert!(is_served(&mut other), "over the limit: others go on");
    }
    assert_eq!(produce(&mut other, "t").0, 0);
    let ids = [(); 3].map(|()| i32::from_be_bytes(client.read_frame().unwrap()[..4].try_into().unwrap()));
    assert_eq!(ids, [1, 1, 2], "what waited is read and answered in its order");
    assert_eq!(metric(&broker, WAITS), 1);
}
