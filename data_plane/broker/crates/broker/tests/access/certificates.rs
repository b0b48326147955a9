//! A certificate is replaced while connections go on.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    sync::Arc,
};

use headrace_protocol::{encode_request, messages::ApiVersionsRequest};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::ring::default_provider,
    pki_types::CertificateDer,
};
use serde_json::json;

use crate::{calls::metric, support::Broker};

type Stream = StreamOwned<ClientConnection, TcpStream>;

fn write_certificate(directory: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(directory.join("broker.pem"), made.cert.pem()).unwrap();
    fs::write(directory.join("broker.key"), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

fn connect(broker: &Broker, certificate: &CertificateDer<'static>) -> Stream {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let session = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    StreamOwned::new(session, TcpStream::connect(broker.address).unwrap())
}

/// Whether the connection answers; a handshake may be part of it.
fn serves(stream: &mut Stream) -> bool {
    let request = encode_request(&ApiVersionsRequest::default(), 0, 1, None).unwrap().concat();
    stream.write_all(&request).is_ok() && stream.read_exact(&mut [0; 8]).is_ok() && {
        let mut rest = [0; 8 * 1024];
        stream.read(&mut rest).is_ok()
    }
}

#[test]
fn a_new_certificate_is_shown_to_new_connections_and_old_ones_go_on() {
    let mut first = None;
    let broker = Broker::with_logins(|config| {
        let directory = Path::new(config["data_dir"].as_str().unwrap()).to_owned();
        first = Some(write_certificate(&directory));
        config["listeners"][0]["protocol"] = json!("SASL_SSL");
        config["tls"] = json!({"certificate_file": "broker.pem", "private_key_file": "broker.key"});
    });
    let first = first.unwrap();
    let mut old = connect(&broker, &first);
    assert!(serves(&mut old));
    let second = write_certificate(broker.data_dir.path());
    assert!(serves(&mut connect(&broker, &first)), "until it is told to, the broker shows the old one");
    assert_eq!(broker.admin("POST", "/v1/certificates:reload").0, 200);
    assert!(serves(&mut connect(&broker, &second)));
    assert!(!serves(&mut connect(&broker, &first)));
    assert!(serves(&mut old));
    fs::write(broker.data_dir.path().join("broker.pem"), "no certificate").unwrap();
    let (status, body) = broker.admin("POST", "/v1/certificates:reload");
    assert_eq!(status, 422);
    assert!(body.contains("certificate_invalid"), "{body}");
    assert!(serves(&mut connect(&broker, &second)), "what can not be used is not used");
    assert!(metric(&broker, "connections_closed_total{reason=\"tls_handshake_failed\"}") >= 1);
}

#[test]
fn a_broker_without_a_certificate_says_so() {
    let broker = Broker::with_logins(|_| ());
    assert_eq!(broker.admin("POST", "/v1/certificates:reload").0, 409);
}
