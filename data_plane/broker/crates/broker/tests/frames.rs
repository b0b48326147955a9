//! Frames that no client should send, and the process unmoved by them.

mod support;

use headrace_protocol::{
    ApiKey,
    messages::{ApiVersionsResponse, DescribeClusterRequest, DescribeClusterResponse},
};
use support::{Broker, Client};

const MEMORY_BYTES_MAX: usize = 64 * 1024 * 1024;

fn header(key: i16, version: i16) -> Vec<u8> {
    [key.to_be_bytes().as_slice(), &version.to_be_bytes(), &1i32.to_be_bytes(), &(-1i16).to_be_bytes()]
        .concat()
}

#[test]
fn every_version_of_api_versions_is_answered() {
    let broker = Broker::dev();
    for version in 0..=4 {
        let mut client = broker.connect();
        let response = client.api_versions(version);
        assert_eq!(response.error_code, 0);
        let row = response.api_keys.iter().find(|row| row.api_key == ApiKey::ApiVersions as i16).unwrap();
        assert_eq!((row.min_version, row.max_version), (0, 4));
    }
}

#[test]
fn an_unknown_version_of_api_versions_is_told_the_known_ones_in_version_0() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    client.send_frame(&header(18, 99));
    let response: ApiVersionsResponse<'_> = client.response(1, 0);
    assert_eq!(response.error_code, 35);
    assert!(response.api_keys.iter().any(|row| row.api_key == 18 && row.max_version == 4));
    drop(response);
    assert_eq!(client.api_versions(4).error_code, 0, "the connection goes on");
}

#[test]
fn unadvertised_apis_and_versions_close_the_connection() {
    let broker = Broker::dev();
    let advertised = broker.connect().api_versions(0).api_keys.len();
    assert!(advertised > 0);
    for (key, version) in
        [(-1, 0), (999, 0), (ApiKey::ControllerRegistration as i16, 0), (60, 99), (60, -1), (0, 2)]
    {
        let mut client = broker.connect();
        client.send_frame(&header(key, version));
        client.assert_closed();
    }
    broker.assert_serves();
}

#[test]
fn lengths_out_of_bounds_close_the_connection_without_being_read() {
    let broker = Broker::dev();
    for length in [-1, i32::MIN, i32::MAX, 16 * 1024 * 1024 + 1] {
        for _ in 0..20 {
            let mut client = broker.connect();
            client.send(&length.to_be_bytes());
            client.assert_closed();
        }
    }
    assert!(broker.resident_bytes() < MEMORY_BYTES_MAX);
    broker.assert_serves();
}

#[test]
fn a_declared_length_takes_no_memory_before_its_bytes_come() {
    let broker = Broker::dev();
    let mut silent: Vec<Client> = (0..7).map(|_| broker.connect()).collect();
    for client in &mut silent {
        client.send(&(16 * 1024 * 1024i32).to_be_bytes());
        client.send(&[0; 100]);
    }
    broker.assert_serves();
    assert!(broker.resident_bytes() < MEMORY_BYTES_MAX);
}

#[test]
fn frames_cut_short_are_forgotten() {
    let broker = Broker::dev();
    let whole = [40i32.to_be_bytes().as_slice(), &header(18, 3), &[0; 30]].concat();
    for length in 0..whole.len() - 1 {
        let mut client = broker.connect();
        client.send(&whole[..length]);
        client.finish();
        client.assert_closed();
    }
    broker.assert_serves();
}

#[test]
fn bodies_that_do_not_hold_what_they_declare_close_the_connection() {
    let broker = Broker::dev();
    let bodies: [&[u8]; 5] = [
        b"",
        &[0],
        &[0, 18, 0, 3],
        // A client id of 32767 bytes that are not there.
        &[0, 18, 0, 3, 0, 0, 0, 1, 0x7f, 0xff],
        // A compact text of two thousand million bytes.
        &[0, 18, 0, 3, 0, 0, 0, 1, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0xff, 0x07],
    ];
    for body in bodies {
        let mut client = broker.connect();
        client.send_frame(body);
        client.assert_closed();
    }
    broker.assert_serves();
}

#[test]
fn random_bytes_do_not_move_the_process() {
    let broker = Broker::dev();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    for round in 0..200 {
        let mut client = broker.connect();
        let garbage: Vec<u8> = (0..round % 97).map(|_| random()).collect();
        if round % 2 == 0 {
            client.send(&garbage);
        } else {
            // Behind a header that is served, so that bodies are tried as well.
            let key = i16::from(random() % 64);
            client.send_frame(&[header(key, i16::from(random() % 12)), garbage].concat());
        }
        client.finish();
        while client.read_frame().is_some() {}
    }
    broker.assert_serves();
    assert!(broker.resident_bytes() < MEMORY_BYTES_MAX);
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    let request = DescribeClusterRequest { endpoint_type: 1, ..Default::default() };
    let ids: Vec<i32> = (0..100).map(|_| client.request(&request, 1)).collect();
    for id in ids {
        let response: DescribeClusterResponse<'_> = client.response(id, 1);
        assert_eq!(response.brokers[0].port, i32::from(broker.address.port()));
    }
}

#[test]
fn software_without_a_name_is_told_so() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    let nameless = headrace_protocol::messages::ApiVersionsRequest::default();
    let id = client.request(&nameless, 3);
    let response: ApiVersionsResponse<'_> = client.response(id, 3);
    assert_eq!(response.error_code, 42);
}
