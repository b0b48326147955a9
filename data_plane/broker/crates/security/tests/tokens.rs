//! OAUTHBEARER: the tokens that are taken and every kind that is not.

mod support;

use headrace_security::{
    Authentication, RefusalReason, Step, TokenRefusal, TokenVerifier, Tokens as _, Verifiers,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{CLUSTER, ISSUER, NOW_MS, Signer, challenge, claims, connection, credentials, unsigned};

fn present(connection: &mut Authentication, tokens: &TokenVerifier, token: &str, now_ms: i64) -> Step {
    let users = credentials(&[("hk_1", "one")]);
    let verifiers = Verifiers { credentials: &users, tokens: Some(tokens), now_ms, session_ms_max: None };
    connection.authenticate(format!("n,,\x01auth=Bearer {token}\x01\x01").as_bytes(), verifiers)
}

/// Presents a token that must be refused: first the error as JSON, then, after the client's ^A, the end.
fn refusal(tokens: &TokenVerifier, token: &str) -> TokenRefusal {
    let mut connection = connection("OAUTHBEARER");
    let error = challenge(present(&mut connection, tokens, token, NOW_MS));
    assert_eq!(error, br#"{"status":"invalid_token"}"#);
    let users = credentials(&[]);
    match connection.authenticate(b"\x01", support::verifiers(&users)) {
        Step::Refused(refusal) => match refusal.reason {
            RefusalReason::Token(reason) => reason,
            other => panic!("refused for {other}"),
        },
        other => panic!("a refusal was expected, not {other:?}"),
    }
}

fn changed(signer: &Signer, field: &str, value: Value) -> String {
    let mut claims = claims("u_1");
    claims[field] = value;
    signer.token(&claims)
}

#[test]
fn a_good_token_is_taken_until_it_expires() {
    let signer = Signer::new("k1");
    let token = signer.token(&claims("u_1"));
    let mut connection = connection("OAUTHBEARER");
    let step = present(&mut connection, &signer.verifier(), &token, NOW_MS);
    let Step::Authenticated { response, authenticated } = step else { panic!("refused: {step:?}") };
    assert!(response.is_empty());
    assert_eq!(authenticated.principal, "User:u_1");
    assert_eq!(authenticated.credential_id, None);
    let lifetime = (300 + 30) * 1000;
    assert_eq!(authenticated.session_lifetime_ms(NOW_MS), lifetime);
    assert!(!authenticated.expired(NOW_MS + lifetime - 1) && authenticated.expired(NOW_MS + lifetime));
}

#[test]
fn the_token_of_an_api_key_hangs_on_its_credential() {
    let signer = Signer::new("k1");
    let step =
        present(&mut connection("OAUTHBEARER"), &signer.verifier(), &signer.token(&claims("hk_1")), NOW_MS);
    assert!(
        matches!(step, Step::Authenticated { authenticated, .. } if authenticated.credential_id.as_deref() == Some("hk_1"))
    );
    assert_eq!(refusal(&signer.verifier(), &signer.token(&claims("hk_2"))), TokenRefusal::Revoked);
}

#[test]
fn other_algorithms_are_refused() {
    let signer = Signer::new("k1");
    let tokens = signer.verifier();
    for algorithm in ["none", "None", "HS256", "RS256", "ES384"] {
        let header = json!({"alg": algorithm, "kid": "k1"});
        assert_eq!(
            refusal(&tokens, &signer.signed(&header, &claims("u_1"))),
            TokenRefusal::Algorithm,
            "{algorithm}"
        );
    }
    let bare = format!("{}.", unsigned(&json!({"alg": "none"}), &claims("u_1")));
    assert_eq!(refusal(&tokens, &bare), TokenRefusal::Algorithm);
}

#[test]
fn unsigned_and_foreign_signatures_are_refused() {
    let signer = Signer::new("k1");
    let tokens = signer.verifier();
    let header = json!({"alg": "ES256", "kid": "k1"});
    let body = unsigned(&header, &claims("u_1"));
    assert_eq!(refusal(&tokens, &body), TokenRefusal::Malformed);
    assert_eq!(refusal(&tokens, &format!("{body}.")), TokenRefusal::Signature);
    assert_eq!(refusal(&tokens, &Signer::new("k1").token(&claims("u_1"))), TokenRefusal::Signature);
    assert_eq!(refusal(&tokens, &Signer::new("k2").token(&claims("u_1"))), TokenRefusal::UnknownKey);
    assert_eq!(
        refusal(&tokens, &signer.signed(&json!({"alg": "ES256"}), &claims("u_1"))),
        TokenRefusal::UnknownKey
    );
    let critical = json!({"alg": "ES256", "kid": "k1", "crit": ["exp"]});
    assert_eq!(refusal(&tokens, &signer.signed(&critical, &claims("u_1"))), TokenRefusal::Malformed);
}

#[test]
fn claims_for_others_or_another_time_are_refused() {
    let signer = Signer::new("k1");
    let tokens = signer.verifier();
    let now = NOW_MS / 1000;
    let refused = |field, value| refusal(&tokens, &changed(&signer, field, value));
    assert_eq!(refused("iss", json!("headrace:other")), TokenRefusal::Issuer);
    assert_eq!(refused("aud", json!("lkc_other")), TokenRefusal::Audience);
    assert_eq!(refused("aud", json!([CLUSTER, "lkc_other"])), TokenRefusal::Malformed);
    assert_eq!(refused("sub", json!("")), TokenRefusal::Subject);
    assert_eq!(refused("sub", json!("a\nb")), TokenRefusal::Subject);
    assert_eq!(refused("exp", json!(now + 901)), TokenRefusal::Lifetime);
    assert_eq!(refused("exp", json!(now)), TokenRefusal::Lifetime);
    assert_eq!(refused("iat", json!(i64::MIN)), TokenRefusal::Lifetime);
    assert_eq!(refused("iat", json!(now + 31)), TokenRefusal::NotYetValid);
    assert_eq!(refused("exp", json!("soon")), TokenRefusal::Malformed);
    let mut old = claims("u_1");
    old["iat"] = json!(now - 300);
    old["exp"] = json!(now - 30);
    assert_eq!(refusal(&tokens, &signer.token(&old)), TokenRefusal::Expired);
    old["exp"] = json!(now - 29);
    let step = present(&mut connection("OAUTHBEARER"), &tokens, &signer.token(&old), NOW_MS);
    assert!(matches!(step, Step::Authenticated { .. }), "within the clock skew: {step:?}");
}

#[test]
fn tokens_without_configuration_are_refused() {
    let users = credentials(&[]);
    let message = format!("n,,\x01auth=Bearer {}\x01\x01", Signer::new("k1").token(&claims("u_1")));
    let mut connection = connection("OAUTHBEARER");
    challenge(connection.authenticate(message.as_bytes(), support::verifiers(&users)));
}

#[test]
fn a_connection_may_renew_its_identity_but_not_change_it() {
    let signer = Signer::new("k1");
    let tokens = signer.verifier();
    let mut connection = connection("OAUTHBEARER");
    present(&mut connection, &tokens, &signer.token(&claims("u_1")), NOW_MS);
    let again = |connection: &mut Authentication, subject| {
        let framing = headrace_security::TokenFraming::Request;
        connection.handshake("OAUTHBEARER", framing, support::nonce(2)).unwrap();
        assert_eq!(connection.identity().map(|identity| identity.principal.as_str()), Some("User:u_1"));
        present(connection, &tokens, &signer.token(&claims(subject)), NOW_MS)
    };
    assert!(matches!(again(&mut connection, "u_1"), Step::Authenticated { .. }));
    let refused = again(&mut connection, "u_2");
    assert!(matches!(refused, Step::Refused(refusal) if refusal.reason == RefusalReason::PrincipalChanged));
}

#[test]
fn key_files_that_can_not_be_used_are_refused() {
    let parse = |file: Value| TokenVerifier::parse(file.to_string().as_bytes(), ISSUER, CLUSTER, 30);
    let with = |field: &str, value: Value| {
        let mut key = Signer::new("k1").jwk();
        key[field] = value;
        parse(json!({"keys": [key]})).unwrap_err().to_string()
    };
    assert!(parse(json!({"keys": []})).is_ok());
    assert!(with("alg", json!("HS256")).contains("token key 0: is not a P-256 key"));
    assert!(with("x", json!("AAAA")).contains("wrong length"));
    assert!(with("kid", json!("")).contains("kid"));
    assert!(with("d", json!("AAAA")).contains("private key"));
    let key = Signer::new("k1").jwk();
    assert!(parse(json!({"keys": [key, key]})).unwrap_err().to_string().contains("kid occurs twice"));
    assert!(parse(json!({})).is_err());
}

proptest! {
    #[test]
    fn a_token_changed_anywhere_is_refused(place in any::<prop::sample::Index>(), flip in 1u8..=127) {
        let signer = Signer::new("k1");
        let mut token = signer.token(&claims("u_1")).into_bytes();
        let place = place.index(token.len());
        token[place] ^= flip;
        if let Ok(token) = String::from_utf8(token) {
            let users = credentials(&[]);
            prop_assert!(signer.verifier().verify(&token, &users, NOW_MS).is_err());
        }
    }

    #[test]
    fn random_text_is_no_token(token in "[a-zA-Z0-9_.-]{0,200}") {
        let users = credentials(&[]);
        prop_assert!(Signer::new("k1").verifier().verify(&token, &users, NOW_MS).is_err());
    }
}
