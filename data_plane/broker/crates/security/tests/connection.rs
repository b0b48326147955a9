//! What a connection may do before, during and after it says who it is.

mod support;

use headrace_security::{Authentication, HandshakeError, Mechanism, Operation, Step, TokenFraming};
use support::{NOW_MS, credentials, nonce, verifiers};

fn fresh() -> Authentication {
    Authentication::new(vec![Mechanism::Plain, Mechanism::ScramSha512])
}

fn permitted(connection: &Authentication) -> Vec<Operation> {
    [Operation::ApiVersions, Operation::Handshake, Operation::Authenticate, Operation::Other]
        .into_iter()
        .filter(|operation| connection.permits(*operation, NOW_MS))
        .collect()
}

const BEFORE_LOGIN: [Operation; 3] = [Operation::ApiVersions, Operation::Handshake, Operation::Authenticate];

#[test]
fn nothing_but_the_login_is_served_before_the_login() {
    let mut connection = fresh();
    assert_eq!(permitted(&connection), BEFORE_LOGIN);
    connection.handshake("PLAIN", TokenFraming::Request, nonce(1)).unwrap();
    assert_eq!(permitted(&connection), BEFORE_LOGIN);
    assert!(connection.identity().is_none());
    let users = credentials(&[("hk_1", "one")]);
    assert!(matches!(connection.authenticate(b"\0hk_1\0one", verifiers(&users)), Step::Authenticated { .. }));
    assert!(connection.permits(Operation::Other, NOW_MS));
    assert_eq!(connection.identity().unwrap().session_lifetime_ms(NOW_MS), 0);
}

#[test]
fn after_an_old_handshake_tokens_are_bare_frames() {
    let mut connection = fresh();
    connection.handshake("PLAIN", TokenFraming::Bare, nonce(1)).unwrap();
    assert!(connection.expects_bare_token());
    assert_eq!(permitted(&connection), []);
    let users = credentials(&[("hk_1", "one")]);
    connection.authenticate(b"\0hk_1\0one", verifiers(&users));
    assert!(!connection.expects_bare_token());
    assert!(connection.permits(Operation::Other, NOW_MS));
}

#[test]
fn mechanisms_that_are_not_offered_end_the_connection() {
    for name in ["OAUTHBEARER", "GSSAPI", "plain", ""] {
        let mut connection = fresh();
        let refused = connection.handshake(name, TokenFraming::Request, nonce(1));
        assert_eq!(refused, Err(HandshakeError::UnsupportedMechanism));
        assert_eq!(permitted(&connection), []);
    }
}

#[test]
fn a_second_handshake_inside_an_exchange_ends_the_connection() {
    let mut connection = fresh();
    connection.handshake("SCRAM-SHA-512", TokenFraming::Request, nonce(1)).unwrap();
    let refused = connection.handshake("PLAIN", TokenFraming::Request, nonce(1));
    assert_eq!(refused, Err(HandshakeError::IllegalState));
    assert_eq!(permitted(&connection), []);
}

#[test]
fn a_token_without_a_handshake_and_a_wrong_secret_end_the_connection() {
    let users = credentials(&[("hk_1", "one")]);
    let mut connection = fresh();
    assert!(matches!(connection.authenticate(b"\0hk_1\0one", verifiers(&users)), Step::Refused(_)));
    assert_eq!(permitted(&connection), []);

    let mut connection = fresh();
    connection.handshake("PLAIN", TokenFraming::Request, nonce(1)).unwrap();
    assert!(matches!(connection.authenticate(b"\0hk_1\0two", verifiers(&users)), Step::Refused(_)));
    assert_eq!(permitted(&connection), []);
    assert!(connection.handshake("PLAIN", TokenFraming::Request, nonce(1)).is_err());
}
