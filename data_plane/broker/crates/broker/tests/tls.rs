//! The listener with TLS.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail as tests do")]

mod support;

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    sync::Arc,
};

use bytes::Bytes;
use headrace_protocol::{
    Decode, Request, Response, decode_response, encode_request,
    messages::{
        DescribeClusterRequest, DescribeClusterResponse, SaslAuthenticateRequest, SaslAuthenticateResponse,
        SaslHandshakeRequest, SaslHandshakeResponse,
    },
};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::ring::default_provider,
    pki_types::CertificateDer,
};
use serde_json::{Value, json};
use support::Broker;

/// Writes a certificate for `localhost` beside the configuration and makes the listener use it.
fn use_tls(config: &mut Value) -> CertificateDer<'static> {
    let directory = Path::new(config["data_dir"].as_str().unwrap()).to_owned();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(directory.join("broker.pem"), made.cert.pem()).unwrap();
    fs::write(directory.join("broker.key"), made.signing_key.serialize_pem()).unwrap();
    config["listeners"][0]["protocol"] = json!("SASL_SSL");
    config["tls"] = json!({"certificate_file": "broker.pem", "private_key_file": "broker.key"});
    made.cert.der().clone()
}

fn broker_with_tls() -> (Broker, CertificateDer<'static>) {
    let mut certificate = None;
    let broker = Broker::with_logins(|config| certificate = Some(use_tls(config)));
    (broker, certificate.unwrap())
}

fn connect(
    broker: &Broker,
    certificate: CertificateDer<'static>,
) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let session = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    StreamOwned::new(session, TcpStream::connect(broker.address).unwrap())
}

fn call<'a, Q: Request, A: Decode<'a> + Response>(
    stream: &mut (impl Read + Write),
    frame: &'a mut Bytes,
    request: &Q,
    version: i16,
) -> A {
    stream.write_all(&encode_request(request, version, 1, None).unwrap().concat()).unwrap();
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut body = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
    stream.read_exact(&mut body).unwrap();
    *frame = body.into();
    decode_response(frame, version).unwrap().1
}

#[test]
fn a_client_logs_in_over_tls() {
    let (broker, certificate) = broker_with_tls();
    let mut stream = connect(&broker, certificate);
    let mut frame = Bytes::new();
    let handshake: SaslHandshakeResponse<'_> =
        call(&mut stream, &mut frame, &SaslHandshakeRequest { mechanism: "PLAIN".into() }, 1);
    assert_eq!(handshake.error_code, 0);
    let token = SaslAuthenticateRequest { auth_bytes: b"\0hk_one\0secret-one".as_slice().into() };
    let login: SaslAuthenticateResponse<'_> = call(&mut stream, &mut frame, &token, 2);
    assert_eq!(login.error_code, 0);
    let described: DescribeClusterResponse<'_> =
        call(&mut stream, &mut frame, &DescribeClusterRequest::default(), 1);
    assert_eq!(described.cluster_id, "lkc_test");
}

#[test]
fn bytes_that_are_not_tls_close_the_connection() {
    let (broker, _) = broker_with_tls();
    let mut plain = TcpStream::connect(broker.address).unwrap();
    plain.write_all(&[0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff]).unwrap();
    let mut answer = Vec::new();
    // An alert may come before the end, and the end may be a reset.
    let _ = plain.read_to_end(&mut answer);
    assert!(answer.len() < 16, "{answer:?}");
    let (_, metrics) = broker.admin("GET", "/metrics");
    assert!(metrics.contains(r#"connections_closed_total{reason="tls_handshake_failed"} 1"#), "{metrics}");
}

#[test]
fn a_handshake_that_never_comes_ends_the_connection() {
    let (broker, _) = broker_with_tls();
    let mut silent = TcpStream::connect(broker.address).unwrap();
    assert_eq!(silent.read(&mut [0]).unwrap(), 0);
}
