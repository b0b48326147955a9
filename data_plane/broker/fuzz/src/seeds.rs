//! What the corpora begin with: sound inputs of every kind, made by the codec's own samples and by clients of the mechanisms.

use std::{net::Ipv4Addr, sync::Arc};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use headrace_protocol::{
    ApiKey, Message, Request, Writer, encode_message, encode_request, messages::*, request_header_version,
};
use headrace_records::{BatchBuilder, Compression, NewRecord, marker::Marker};
use headrace_types::{ProducerEpoch, ProducerId};
use serde_json::{Value, json};

use crate::{
    clock::START_MS,
    random::{Random, Sample},
    samples::for_each_message,
    setting::{LOGINS, SECRET, USER, at_a_broker, peer},
    support::{
        Hash, SHA_256, SHA_512, ScramClient, Signer, claims, credential, credentials_file, oauth_issuer,
    },
};

const CODECS: [Compression; 5] =
    [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];
const SEED: u64 = 20_261_130;
const CORRELATION_ID: i32 = 7;
/// Where the length of a frame ends.
const LENGTH_BYTES: usize = 4;

/// The seeds of a target; none of one that there is not.
#[must_use]
pub fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "requests" => requests(),
        "batches" => batches(),
        "decompression" => decompression(),
        "logins" => logins(),
        "configuration" => configuration(),
        "planted-panic" | "planted-allocation" => vec![b"HR".to_vec()],
        _ => Vec::new(),
    }
}

fn frame<T: Request>(request: &T, version: i16) -> Vec<u8> {
    let segments = encode_request(request, version, CORRELATION_ID, Some("fuzz"));
    let segments = segments.unwrap_or_else(|error| panic!("{} {version}: {error}", T::NAME));
    segments.concat()
}

/// A sound request of every API in every version, and some that build upon each other.
fn requests() -> Vec<Vec<u8>> {
    let mut random = Random::new(SEED);
    let mut out = conversations();
    macro_rules! visit {
        ($module:ident, $name:ident) => {
            if let Some(key) = key_of($name::NAME) {
                for version in $name::VERSIONS {
                    let message: $name = Sample::sample(&mut random, version);
                    out.push(asked(&[request(key, &message, version)]));
                }
            }
        };
    }
    for_each_message!(visit);
    out
}

fn key_of(message: &str) -> Option<ApiKey> {
    let name = message.strip_suffix("Request")?;
    ApiKey::ALL.iter().copied().find(|key| key.name() == name)
}

/// A frame without its length.
fn request<T: Message>(key: ApiKey, message: &T, version: i16) -> Vec<u8> {
    let header = RequestHeader {
        request_api_key: key as i16,
        request_api_version: version,
        correlation_id: CORRELATION_ID,
        client_id: Some("fuzz".into()),
    };
    let mut writer = Writer::default();
    encode_message(&header, &mut writer, request_header_version(key, version))
        .and_then(|()| encode_message(message, &mut writer, version))
        .unwrap_or_else(|error| panic!("{} {version}: {error}", T::NAME));
    writer.into_bytes()
}

fn asked(frames: &[Vec<u8>]) -> Vec<u8> {
    frames.iter().flat_map(|frame| [&(frame.len() as u16).to_be_bytes(), &frame[..]].concat()).collect()
}

fn whole<T: Request>(message: &T, version: i16) -> Vec<u8> {
    request(T::KEY, message, version)
}

/// A topic that is written and read; a group that commits; a transaction.
fn conversations() -> Vec<Vec<u8>> {
    let topic = create_topics_request::CreatableTopic {
        name: "t".into(),
        num_partitions: 2,
        replication_factor: 1,
        ..Default::default()
    };
    let create =
        whole(&CreateTopicsRequest { topics: vec![topic], timeout_ms: 100, ..Default::default() }, 5);
    let list = list_offsets_request::ListOffsetsTopic {
        name: "t".into(),
        partitions: vec![list_offsets_request::ListOffsetsPartition { timestamp: -1, ..Default::default() }],
    };
    let list = whole(&ListOffsetsRequest { replica_id: -1, topics: vec![list], ..Default::default() }, 7);
    let fetched = fetch_request::FetchTopic {
        topic: "t".into(),
        partitions: vec![fetch_request::FetchPartition { partition_max_bytes: 4096, ..Default::default() }],
        ..Default::default()
    };
    let fetch = FetchRequest {
        max_wait_ms: 10,
        min_bytes: 1,
        max_bytes: 4096,
        session_epoch: -1,
        topics: vec![fetched],
        ..Default::default()
    };
    let init = InitProducerIdRequest {
        transactional_id: Some("x".into()),
        transaction_timeout_ms: 60_000,
        ..Default::default()
    };
    let added =
        add_partitions_to_txn_request::AddPartitionsToTxnTopic { name: "t".into(), partitions: vec![0] };
    let add = AddPartitionsToTxnRequest {
        v3_and_below_transactional_id: "x".into(),
        v3_and_below_topics: vec![added],
        ..Default::default()
    };
    let end = EndTxnRequest { transactional_id: "x".into(), committed: true, ..Default::default() };
    let join = JoinGroupRequest {
        group_id: "g".into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 10_000,
        protocol_type: "consumer".into(),
        protocols: vec![join_group_request::JoinGroupRequestProtocol {
            name: "range".into(),
            ..Default::default()
        }],
        ..Default::default()
    };
    let committed = offset_commit_request::OffsetCommitRequestTopic {
        name: "t".into(),
        partitions: vec![offset_commit_request::OffsetCommitRequestPartition {
            committed_offset: 1,
            ..Default::default()
        }],
        ..Default::default()
    };
    let commit = OffsetCommitRequest {
        group_id: "g".into(),
        generation_id_or_member_epoch: -1,
        topics: vec![committed],
        ..Default::default()
    };
    let describe = DescribeGroupsRequest { groups: vec!["g".into()], ..Default::default() };
    vec![
        asked(&[create.clone(), produce(false, 9), whole(&fetch, 11), list]),
        asked(&[create.clone(), whole(&init, 4), whole(&add, 3), whole(&end, 3)]),
        asked(&[create.clone(), whole(&init, 4), produce(true, 12), whole(&end, 5)]),
        asked(&[create, whole(&commit, 8), whole(&describe, 5)]),
        asked(&[whole(&join, 3), whole(&describe, 5)]),
    ]
}

fn produce(is_transactional: bool, version: i16) -> Vec<u8> {
    let batch = BatchBuilder::new();
    let batch = if is_transactional { batch.transactional().producer(0, 0, 0) } else { batch };
    let partition = produce_request::PartitionProduceData {
        records: Some(batch.value(b"one").build().into()),
        ..Default::default()
    };
    let topic = produce_request::TopicProduceData {
        name: "t".into(),
        partition_data: vec![partition],
        ..Default::default()
    };
    let request = ProduceRequest {
        transactional_id: is_transactional.then(|| "x".into()),
        acks: -1,
        timeout_ms: 1000,
        topic_data: vec![topic],
    };
    whole(&request, version)
}

fn batches() -> Vec<Vec<u8>> {
    let build = |codec, flags: u8| {
        let record = |timestamp, key: Option<&'static [u8]>, value: Option<&'static [u8]>| NewRecord {
            timestamp,
            key,
            value,
            headers: &[("h", Some(b"x")), ("n", None)],
        };
        let batch = BatchBuilder::new()
            .compression(codec)
            .producer(5, 2, 11)
            .record(record(START_MS, Some(b"a"), Some(b"1")))
            .record(record(START_MS + 5, Some(b"b"), None))
            .record(record(START_MS - 9, None, Some(b"3")))
            .build();
        [&[flags], &batch[..]].concat()
    };
    let marker = Marker {
        producer_id: ProducerId::new(5),
        producer_epoch: ProducerEpoch::new(2),
        is_commit: true,
        coordinator_epoch: 3,
    };
    let mut out: Vec<_> =
        CODECS.into_iter().flat_map(|codec| [1, 3, 5, 9, 17].map(|flags| build(codec, flags))).collect();
    out.push([&[1], &marker.build(START_MS)[..]].concat());
    out
}

fn decompression() -> Vec<Vec<u8>> {
    let plain: Vec<u8> = (0..600_u16).flat_map(|number| (number / 7).to_be_bytes()).collect();
    let packed = |codec: Compression, limits: u8, plain: &[u8]| {
        let packed = codec.compress(plain).unwrap_or_else(|error| panic!("{error}"));
        [&[codec.id() as u8, limits], &packed[..]].concat()
    };
    CODECS
        .into_iter()
        .flat_map(|codec| {
            let mut kinds = vec![packed(codec, 2, &plain), packed(codec, 0, b"short"), packed(codec, 1, b"")];
            if codec != Compression::None {
                kinds.push(packed(codec, 0, &vec![0; 100_000]));
            }
            kinds
        })
        .collect()
}

/// Everything that clients of the mechanisms say, for the listener with logins.
fn logins() -> Vec<Vec<u8>> {
    let plain = format!("\0{USER}\0{SECRET}");
    let signer = Signer::new("k1");
    let token = format!("n,,\x01auth=Bearer {}\x01\x01", signer.token(&claims("u_1")));
    let mut out = vec![
        said(&[handshake("PLAIN", 1), token_of(plain.as_bytes()), versions()]),
        said(&[handshake("PLAIN", 0), bare(plain.as_bytes()), versions()]),
        said(&[versions(), handshake("OAUTHBEARER", 1), token_of(token.as_bytes())]),
        said(&[handshake("GSSAPI", 1)]),
        said(&[token_of(b"too early")]),
        scram(SHA_256),
        scram(SHA_512),
    ];
    out.extend(hellos());
    out.push([&[3], &certificate()[..]].concat());
    out
}

fn said(frames: &[Vec<u8>]) -> Vec<u8> {
    [&[0], &frames.concat()[..]].concat()
}

fn versions() -> Vec<u8> {
    frame(&ApiVersionsRequest::default(), 0)
}

fn handshake(mechanism: &str, version: i16) -> Vec<u8> {
    frame(&SaslHandshakeRequest { mechanism: mechanism.into() }, version)
}

fn token_of(token: &[u8]) -> Vec<u8> {
    frame(&SaslAuthenticateRequest { auth_bytes: token.into() }, 2)
}

fn bare(token: &[u8]) -> Vec<u8> {
    [&(token.len() as i32).to_be_bytes(), token].concat()
}

/// A whole exchange: brokers of this package give the same nonce each time.
fn scram(hash: Hash) -> Vec<u8> {
    let client = ScramClient::new(hash, USER, SECRET);
    let first = [handshake(hash.mechanism, 1), token_of(client.first().as_bytes())];
    let challenge = at_a_broker(async |broker| {
        let asks = broker.connect(LOGINS, peer()).unwrap_or_else(|error| panic!("{error}"));
        let mut answer = Bytes::new();
        for frame in &first {
            let frame = Bytes::from(frame[LENGTH_BYTES..].to_vec());
            let segments = broker.answer(&asks, &frame).await.unwrap_or_else(|code| panic!("{code}"));
            answer = segments.concat().into();
        }
        answer.slice(LENGTH_BYTES..)
    });
    let challenge = challenge.unwrap_or_default();
    let (_, response) = headrace_protocol::decode_response::<SaslAuthenticateResponse<'_>>(&challenge, 2)
        .unwrap_or_else(|error| panic!("{error}"));
    let (last, _) = client.last(&response.auth_bytes);
    said(&[&first[..], &[token_of(last.as_bytes()), versions()]].concat())
}

/// The first message of a TLS client, to both listeners that are encrypted.
fn hellos() -> Vec<Vec<u8>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let client = client
        .map(|builder| builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth());
    let hello = client.and_then(|config| {
        rustls::ClientConnection::new(
            Arc::new(config),
            rustls::pki_types::ServerName::from(Ipv4Addr::LOCALHOST),
        )
    });
    let mut bytes = Vec::new();
    hello
        .map_err(std::io::Error::other)
        .and_then(|mut hello| hello.write_tls(&mut bytes))
        .unwrap_or_else(|error| panic!("{error}"));
    [1, 2].map(|listener| [&[listener], &bytes[..]].concat()).into()
}

fn certificate() -> Vec<u8> {
    let mut parameters = rcgen::CertificateParams::default();
    parameters.distinguished_name.push(rcgen::DnType::CommonName, "orders");
    parameters.distinguished_name.push(rcgen::DnType::OrganizationName, "a, b+c");
    let made = rcgen::KeyPair::generate().and_then(|key| parameters.self_signed(&key));
    made.unwrap_or_else(|error| panic!("{error}")).der().to_vec()
}

fn configuration() -> Vec<Vec<u8>> {
    let key = Signer::new("k1").jwk();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]);
    let authorities = made.unwrap_or_else(|error| panic!("{error}")).cert.pem();
    let kinds = [
        (
            0,
            json!({
                "format": 1, "cluster_id": "lkc_1", "broker_id": 1, "generation": 3, "data_dir": "/d",
                "listeners": [
                    {"name": "s", "protocol": "SASL_SSL", "bind": "0.0.0.0:1", "advertised": "localhost:19093"},
                    {"name": "i", "protocol": "SASL_PLAINTEXT", "bind": "127.0.0.1:2", "advertised": "[::1]:2", "internal": true},
                    {"name": "c", "protocol": "SSL", "bind": "[::]:3", "advertised": "h:3", "client_auth": "required"},
                ],
                "tls": {
                    "certificate_file": "c", "private_key_file": "k", "client_ca_file": "a",
                    "principal_mapping_rules": "RULE:^CN=([^,]+).*$/$1/L,DEFAULT",
                },
                "credentials_file": "c.json",
                "tokens": {"jwks_file": "j", "issuer": "i", "clock_skew_seconds": 30},
                "admin_socket": "a.sock", "handover_socket": "h.sock",
                "topics": {"auto_create": true, "num_partitions": 6},
                "groups": {"initial_rebalance_delay_ms": 0},
                "limits": {"connections_max": 100, "partitions_max": 50, "session_seconds_max": 3600},
                "usage": {"window_seconds": 60},
            }),
        ),
        (1, json!({"authorities": authorities, "mapping_rules": "DEFAULT"})),
        (2, credentials_file(&[credential(USER, SECRET)])),
        (2, trusting(oauth_issuer(std::slice::from_ref(&key)))),
        (3, json!({"keys": [&key]})),
        (5, oauth_issuer(&[key])),
        (5, issuer_of_every_kind()),
    ];
    let mut out: Vec<Vec<u8>> =
        kinds.into_iter().map(|(kind, file)| [&[kind], file.to_string().as_bytes()].concat()).collect();
    out.push(b"\x04RULE:^CN=([^,]+),O=(a|b).*$/$1@$2/U,RULE:^.*$/x\\$1/,DEFAULT".to_vec());
    out
}

/// A credentials file with everything beside the credentials.
fn trusting(issuer: Value) -> Value {
    let mut file = credentials_file(&[]);
    file["access"] = json!("read_only");
    file["allowed_networks"] = json!(["192.0.2.0/24", "2001:db8::/32"]);
    file["oauth_issuer"] = issuer;
    file
}

/// An issuer with a key of each kind that is known, one that is not, and one for something else; nobody checks that they are points.
fn issuer_of_every_kind() -> Value {
    let text = |bytes: usize| BASE64_URL_SAFE_NO_PAD.encode(vec![7; bytes]);
    let mut issuer = oauth_issuer(&[
        json!({"kty": "RSA", "kid": "r", "alg": "RS256", "use": "sig", "n": text(256), "e": "AQAB"}),
        json!({"kty": "RSA", "n": text(512), "e": "AQAB"}),
        json!({"kty": "EC", "crv": "P-256", "x": text(32), "y": text(32)}),
        json!({"kty": "EC", "crv": "P-384", "alg": "ES384", "x": text(48), "y": text(48)}),
        json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": text(32)}),
        json!({"kty": "EC", "crv": "P-521", "x": text(66), "y": text(66)}),
        json!({"kty": "RSA", "use": "enc", "n": text(256), "e": "AQAB"}),
    ]);
    issuer["algorithms"] =
        json!(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]);
    issuer["keys_good_until_ms"] = json!(START_MS);
    issuer
}
