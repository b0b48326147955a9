//! Clients that are known by their certificates.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    sync::Arc,
};

use headrace_protocol::{
    Decode, Request, Response, decode_response, encode_request,
    messages::{
        ApiVersionsRequest, ApiVersionsResponse, CreateAclsRequest, CreateAclsResponse, CreateTopicsRequest,
        CreateTopicsResponse, SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest,
        SaslHandshakeResponse, create_acls_request::AclCreation, create_topics_request::CreatableTopic,
    },
};
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use serde_json::{Value, json};

use crate::{calls::metric, support::Broker};

type Stream = StreamOwned<ClientConnection, TcpStream>;
type Issuing = Issuer<'static, KeyPair>;

const CREATE: i8 = 5;
const TOPIC: i8 = 2;
const CLUSTER: i8 = 4;
const DENIED: i16 = 29;
const ALLOW: i8 = 3;

/// Who may sign, its certificate, and a client's certificate with its key.
struct Party {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

fn authority(name: &str) -> (Issuing, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    let pem = params.self_signed(&key).unwrap().pem();
    (Issuer::new(params, key), pem)
}

fn client(issuer: &Issuing, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Party {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Mill");
    params.distinguished_name.push(DnType::CommonName, name);
    change(&mut params);
    let certificate = params.signed_by(&key, issuer).unwrap().der().clone();
    Party { certificate, key: PrivatePkcs8KeyDer::from(key.serialize_der()).into() }
}

/// A broker with a listener that knows clients by certificates of `authority`, and what it shows itself.
fn broker(authority: &str, change: impl FnOnce(&mut Value)) -> (Broker, CertificateDer<'static>) {
    let mut own = None;
    let broker = Broker::with_logins(|config| {
        let directory = Path::new(config["data_dir"].as_str().unwrap()).to_owned();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(directory.join("broker.pem"), made.cert.pem()).unwrap();
        fs::write(directory.join("broker.key"), made.signing_key.serialize_pem()).unwrap();
        fs::write(directory.join("client-ca.pem"), authority).unwrap();
        config["listeners"][0]["protocol"] = json!("SSL");
        config["listeners"][0]["client_auth"] = json!("required");
        config["tls"] = json!({
            "certificate_file": "broker.pem", "private_key_file": "broker.key",
            "client_ca_file": "client-ca.pem", "principal_mapping_rules": "RULE:^CN=(.*?),.*$/$1/L"
        });
        own = Some(made.cert.der().clone());
        change(config);
    });
    (broker, own.unwrap())
}

fn connect(broker: &Broker, own: &CertificateDer<'static>, party: Option<&Party>) -> Stream {
    let mut roots = RootCertStore::empty();
    roots.add(own.clone()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match party {
        None => builder.with_no_client_auth(),
        Some(party) => {
            builder.with_client_auth_cert(vec![party.certificate.clone()], party.key.clone_key()).unwrap()
        }
    };
    let session = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    StreamOwned::new(session, TcpStream::connect(broker.address).unwrap())
}

/// The answer to a request; none where the connection ended instead.
fn ask<'a, Q: Request, A: Decode<'a> + Response>(
    stream: &mut Stream,
    frame: &'a mut bytes::Bytes,
    request: &Q,
    version: i16,
) -> Option<A> {
    stream.write_all(&encode_request(request, version, 1, None).unwrap().concat()).ok()?;
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut body = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
    stream.read_exact(&mut body).ok()?;
    *frame = body.into();
    Some(decode_response(frame, version).unwrap().1)
}

fn is_served(stream: &mut Stream) -> bool {
    let mut frame = bytes::Bytes::new();
    ask::<_, ApiVersionsResponse<'_>>(stream, &mut frame, &ApiVersionsRequest::default(), 0).is_some()
}

fn create(stream: &mut Stream, name: &str) -> Option<i16> {
    let topic = CreatableTopic {
        name: name.to_owned().into(),
        num_partitions: 1,
        replication_factor: 1,
        ..Default::default()
    };
    let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 1000, validate_only: false };
    let mut frame = bytes::Bytes::new();
    let response: CreateTopicsResponse<'_> = ask(stream, &mut frame, &request, 7)?;
    Some(response.topics[0].error_code)
}

/// Adds a rule: who may create topics. Everybody else may not from then on.
fn allow_creating(stream: &mut Stream, principal: &str) {
    let rule = |resource_type: i8, name: &'static str| AclCreation {
        resource_type,
        resource_name: name.into(),
        resource_pattern_type: 3,
        principal: principal.to_owned().into(),
        host: "*".into(),
        operation: CREATE,
        permission_type: ALLOW,
    };
    let mut frame = bytes::Bytes::new();
    let request = CreateAclsRequest { creations: vec![rule(TOPIC, "*"), rule(CLUSTER, "kafka-cluster")] };
    let response: CreateAclsResponse<'_> = ask(stream, &mut frame, &request, 3).unwrap();
    assert!(response.results.iter().all(|result| result.error_code == 0), "{response:?}");
}

#[test]
fn the_subject_of_a_certificate_is_who_a_client_is() {
    let (issuer, pem) = authority("one");
    let (broker, own) = broker(&pem, |_| ());
    let writer = client(&issuer, "Writer", |_| ());
    let mut stream = connect(&broker, &own, Some(&writer));
    allow_creating(&mut stream, "User:writer");
    assert_eq!(create(&mut stream, "a"), Some(0));
    let mut reader = connect(&broker, &own, Some(&client(&issuer, "Reader", |_| ())));
    assert_eq!(create(&mut reader, "b"), Some(DENIED), "rules are about the name that the mapping makes");
    let (_, health) = broker.admin("GET", "/healthz");
    let health: Value = serde_json::from_str(&health).unwrap();
    assert_eq!(health["customers"]["connections"], 2);
}

#[test]
fn there_are_no_logins_beside_certificates() {
    let (issuer, pem) = authority("one");
    let (broker, own) = broker(&pem, |_| ());
    let mut stream = connect(&broker, &own, Some(&client(&issuer, "Writer", |_| ())));
    let mut frame = bytes::Bytes::new();
    let request = SaslHandshakeRequest { mechanism: "PLAIN".into() };
    let response: SaslHandshakeResponse<'_> = ask(&mut stream, &mut frame, &request, 1).unwrap();
    assert_eq!(response.error_code, 34);
    let mut stream = connect(&broker, &own, Some(&client(&issuer, "Writer", |_| ())));
    let request = SaslAuthenticateRequest { auth_bytes: b"\0hk_one\0secret-one"[..].into() };
    let mut frame = bytes::Bytes::new();
    let response: SaslAuthenticateResponse<'_> = ask(&mut stream, &mut frame, &request, 2).unwrap();
    assert_eq!(response.error_code, 58);
}

#[test]
fn strangers_and_their_certificates_are_refused() {
    let (issuer, pem) = authority("one");
    let (other, _) = authority("one");
    let (broker, own) = broker(&pem, |_| ());
    assert!(!is_served(&mut connect(&broker, &own, None)), "no certificate");
    assert!(
        !is_served(&mut connect(&broker, &own, Some(&client(&other, "Writer", |_| ())))),
        "another authority"
    );
    let ended = client(&issuer, "Writer", |params| {
        params.not_after = rcgen::date_time_ymd(2024, 1, 1);
        params.not_before = rcgen::date_time_ymd(2023, 1, 1);
    });
    assert!(!is_served(&mut connect(&broker, &own, Some(&ended))), "a certificate that has ended");
    assert_eq!(metric(&broker, "connections_closed_total{reason=\"tls_handshake_failed\"}"), 3);
    assert!(is_served(&mut connect(&broker, &own, Some(&client(&issuer, "Writer", |_| ())))));
}

#[test]
fn no_certificate_makes_its_holder_an_api_key_or_the_control_plane() {
    let (issuer, pem) = authority("one");
    let (broker, own) = broker(&pem, |_| ());
    let names = ["hk_one", "u_1", "Control-Plane", "unknown", "other"];
    for name in names {
        assert!(!is_served(&mut connect(&broker, &own, Some(&client(&issuer, name, |_| ())))), "{name}");
    }
    let unmapped = client(&issuer, "Writer", |params| {
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "Writer");
    });
    assert!(!is_served(&mut connect(&broker, &own, Some(&unmapped))), "no rule is about this subject");
    let refused = metric(&broker, "connections_closed_total{reason=\"certificate_refused\"}");
    assert_eq!(refused, names.len() as u64 + 1);
}

#[test]
fn who_shows_nothing_where_nothing_is_required_may_do_what_rules_allow_strangers() {
    let (issuer, pem) = authority("one");
    let (broker, own) = broker(&pem, |config| config["listeners"][0]["client_auth"] = json!("requested"));
    let mut stranger = connect(&broker, &own, None);
    assert_eq!(create(&mut stranger, "a"), Some(DENIED), "what is open to all is open to all who are known");
    let (_, health) = broker.admin("GET", "/healthz");
    let health: Value = serde_json::from_str(&health).unwrap();
    assert_eq!(health["customers"]["seen"], false);
    let mut writer = connect(&broker, &own, Some(&client(&issuer, "Writer", |_| ())));
    assert_eq!(create(&mut writer, "b"), Some(0));
    allow_creating(&mut writer, "User:ANONYMOUS");
    assert_eq!(create(&mut stranger, "a"), Some(0));
}

#[test]
fn a_suspended_cluster_lets_no_certificate_in() {
    let (issuer, pem) = authority("one");
    let (broker, own) = broker(&pem, |_| ());
    let writer = client(&issuer, "Writer", |_| ());
    let mut open = connect(&broker, &own, Some(&writer));
    assert!(is_served(&mut open));
    broker.open_to(&json!({"access": "suspended"}));
    assert!(!is_served(&mut open));
    assert!(!is_served(&mut connect(&broker, &own, Some(&writer))));
    assert_eq!(metric(&broker, "connections_closed_total{reason=\"cluster_suspended\"}"), 2);
}
