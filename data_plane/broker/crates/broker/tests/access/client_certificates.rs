//! Clients that are known by their certificates.

use std::{fs, path::Path};

use headrace_protocol::messages::{
    SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse,
};
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};

use crate::{
    calls::metric,
    secure_calls::{DENIED, Party, allow_creating, ask, connect, create, is_served},
    support::Broker,
};

type Issuing = Issuer<'static, KeyPair>;

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
