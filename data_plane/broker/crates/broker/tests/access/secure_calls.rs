//! Requests over TLS, one at a time.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
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
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer},
};

use crate::support::Broker;

pub(crate) type Stream = StreamOwned<ClientConnection, TcpStream>;

const CREATE: i8 = 5;
const TOPIC: i8 = 2;
const CLUSTER: i8 = 4;
const ALLOW: i8 = 3;
/// What refuses a right; also for other tests to compare with.
pub(crate) const DENIED: i16 = 29;

/// A client's certificate with its key.
pub(crate) struct Party {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) key: PrivateKeyDer<'static>,
}

pub(crate) fn connect(broker: &Broker, own: &CertificateDer<'static>, party: Option<&Party>) -> Stream {
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
pub(crate) fn ask<'a, Q: Request, A: Decode<'a> + Response>(
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

pub(crate) fn is_served(stream: &mut Stream) -> bool {
    let mut frame = bytes::Bytes::new();
    ask::<_, ApiVersionsResponse<'_>>(stream, &mut frame, &ApiVersionsRequest::default(), 0).is_some()
}

pub(crate) fn create(stream: &mut Stream, name: &str) -> Option<i16> {
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
pub(crate) fn allow_creating(stream: &mut Stream, principal: &str) {
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

/// Logs in by one message; the error code of whatever ended that, 0 for none.
pub(crate) fn log_in(stream: &mut Stream, mechanism: &str, message: &str) -> i16 {
    let mut frame = bytes::Bytes::new();
    let request = SaslHandshakeRequest { mechanism: mechanism.to_owned().into() };
    let response: SaslHandshakeResponse<'_> = ask(stream, &mut frame, &request, 1).unwrap();
    if response.error_code != 0 {
        return response.error_code;
    }
    let mut say = |message: &str| {
        let mut frame = bytes::Bytes::new();
        let request = SaslAuthenticateRequest { auth_bytes: message.as_bytes().to_vec().into() };
        let response: SaslAuthenticateResponse<'_> = ask(stream, &mut frame, &request, 2).unwrap();
        (response.error_code, response.auth_bytes.is_empty())
    };
    match say(message) {
        // RFC 7628: why a token is refused is a challenge, which the client acknowledges.
        (0, false) => say("\x01").0,
        (error, _) => error,
    }
}
