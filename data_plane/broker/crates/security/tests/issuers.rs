//! Tokens of an organization's own issuer: those that are taken and every kind that is not.

#![allow(clippy::unwrap_used, reason = "a test that can not be set up has failed")]

mod support;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use headrace_security::{
    Authenticated, Credentials, CredentialsError, IssuerVerifier, TokenRefusal, Tokens as _, UserProblem,
    check_user_name, limits,
};
use proptest::prelude::*;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair};
use serde_json::{Value, json};
use support::{
    NOW_MS, Signer, credential, credentials, credentials_file, issued_claims, oauth_issuer, parse, unsigned,
};

/// A key of 2048 bits that was made for these tests (PKCS #8).
const RSA_KEY: &str = include_str!("support/rsa-2048.pkcs8.base64");

fn verifier(issuer: Value) -> IssuerVerifier {
    serde_json::from_value(issuer).unwrap()
}

fn problem(change: impl FnOnce(&mut Value)) -> Option<String> {
    let mut issuer = oauth_issuer(&[Signer::new("k1").jwk()]);
    change(&mut issuer);
    serde_json::from_value::<IssuerVerifier>(issuer).err().map(|problem| problem.to_string())
}

fn judge(verifier: &IssuerVerifier, token: &str) -> Result<Authenticated, TokenRefusal> {
    verifier.verify(token, &credentials(&[("hk_1", "one")]), NOW_MS)
}

/// What becomes of a token with a claim changed, or taken away by null.
fn changed(field: &str, value: Value) -> Result<Authenticated, TokenRefusal> {
    let signer = Signer::new("k1");
    let mut claims = issued_claims("alice");
    claims[field] = value;
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    judge(&verifier(oauth_issuer(&[signer.jwk()])), &signer.token(&claims))
}

fn rsa() -> (RsaKeyPair, Value) {
    let document = BASE64_STANDARD.decode(RSA_KEY.replace('\n', "")).unwrap();
    let pair = RsaKeyPair::from_pkcs8(&document).unwrap();
    let public = ring::signature::RsaPublicKeyComponents::<Vec<u8>>::from(pair.public());
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let jwk = json!({"kty": "RSA", "kid": "r1", "n": encode(&public.n), "e": encode(&public.e)});
    (pair, jwk)
}

fn rsa_token(pair: &RsaKeyPair, algorithm: &str, padding: &'static dyn RsaEncoding) -> String {
    let signed = unsigned(&json!({"alg": algorithm, "kid": "r1"}), &issued_claims("alice"));
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(padding, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn a_good_token_makes_its_bearer_a_principal_with_a_prefix() {
    let identity = changed("scope", json!("kafka")).unwrap();
    assert_eq!(identity.principal, "User:oauth:alice");
    assert_eq!(identity.session_lifetime_ms(NOW_MS), (3600 + 30) * 1000);
    assert!(changed("aud", json!(["account", "kafka"])).is_ok());
    assert!(changed("iat", Value::Null).is_ok());
    assert_eq!(changed("exp", json!(1_800_000_900.5)).unwrap().expires_at_ms, Some(1_800_000_930_000));
}

#[test]
fn no_subject_becomes_an_api_key_a_member_a_user_or_the_super_user() {
    for subject in ["hk_1", "u_1", "control-plane", "ANONYMOUS", "oauth:alice", "*"] {
        let identity = changed("sub", json!(subject)).unwrap();
        assert_eq!(identity.principal, format!("User:oauth:{subject}"));
    }
    // And nobody else gets a name like that.
    assert_eq!(check_user_name("oauth:alice"), Err(UserProblem::Reserved));
    let key = credentials_file(&[credential("oauth:alice", "secret")]);
    assert!(matches!(parse(&key), Err(CredentialsError::Credential { index: 0, .. })));
}

#[test]
fn another_claim_may_name_the_principal() {
    let signer = Signer::new("k1");
    let mut issuer = oauth_issuer(&[signer.jwk()]);
    issuer["principal_claim"] = json!("client_id");
    let mut claims = issued_claims("alice");
    assert_eq!(judge(&verifier(issuer.clone()), &signer.token(&claims)), Err(TokenRefusal::Subject));
    claims["client_id"] = json!("billing");
    let identity = judge(&verifier(issuer), &signer.token(&claims)).unwrap();
    assert_eq!(identity.principal, "User:oauth:billing");
}

#[test]
fn names_that_can_be_no_principals_are_refused() {
    let long = "a".repeat(limits::SUBJECT_BYTES_MAX);
    assert!(changed("sub", json!(long)).is_ok());
    assert_eq!(changed("sub", json!(long + "a")), Err(TokenRefusal::Subject));
    assert_eq!(changed("sub", json!("")), Err(TokenRefusal::Subject));
    assert_eq!(changed("sub", json!("a\nb")), Err(TokenRefusal::Subject));
    assert_eq!(changed("sub", Value::Null), Err(TokenRefusal::Subject));
    assert_eq!(changed("sub", json!(7)), Err(TokenRefusal::Malformed));
}

#[test]
fn claims_for_others_or_another_time_are_refused() {
    let now = NOW_MS / 1000;
    assert_eq!(changed("iss", json!("https://idp.test")), Err(TokenRefusal::Issuer));
    assert_eq!(changed("iss", Value::Null), Err(TokenRefusal::Issuer));
    assert_eq!(changed("aud", json!("other")), Err(TokenRefusal::Audience));
    assert_eq!(changed("aud", json!(["other", 7])), Err(TokenRefusal::Audience));
    assert_eq!(changed("aud", Value::Null), Err(TokenRefusal::Audience));
    assert_eq!(changed("exp", Value::Null), Err(TokenRefusal::Malformed));
    assert_eq!(changed("exp", json!("soon")), Err(TokenRefusal::Malformed));
    assert_eq!(changed("exp", json!(now - 30)), Err(TokenRefusal::Expired));
    assert!(changed("exp", json!(now - 29)).is_ok(), "within the clock skew");
    assert_eq!(changed("nbf", json!(now + 31)), Err(TokenRefusal::NotYetValid));
    assert_eq!(changed("iat", json!(now + 31)), Err(TokenRefusal::NotYetValid));
    assert!(changed("nbf", json!(now + 30)).is_ok());
    let most = now + limits::ISSUER_TOKEN_LIFETIME_SECONDS_MAX;
    assert!(changed("exp", json!(most)).is_ok());
    assert_eq!(changed("exp", json!(most + 1)), Err(TokenRefusal::Lifetime));
}

#[test]
fn unsigned_tokens_and_shared_secrets_are_refused() {
    let signer = Signer::new("k1");
    let (_, rsa_jwk) = rsa();
    let issuer = verifier(oauth_issuer(&[signer.jwk(), rsa_jwk.clone()]));
    for algorithm in ["none", "None", "NONE", "HS256", "HS512", "ES256K", ""] {
        let token = signer.signed(&json!({"alg": algorithm, "kid": "k1"}), &issued_claims("alice"));
        assert_eq!(judge(&issuer, &token), Err(TokenRefusal::Algorithm), "{algorithm}");
    }
    let bare = format!("{}.", unsigned(&json!({"alg": "none"}), &issued_claims("alice")));
    assert_eq!(judge(&issuer, &bare), Err(TokenRefusal::Algorithm));
    // The public key taken for a secret that is shared.
    let text = unsigned(&json!({"alg": "HS256", "kid": "r1"}), &issued_claims("alice"));
    let secret = rsa_jwk["n"].as_str().unwrap();
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), text.as_bytes());
    let confused = format!("{text}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac));
    assert_eq!(judge(&issuer, &confused), Err(TokenRefusal::Algorithm));
    // Public algorithms that the cluster was not told of.
    let (pair, _) = rsa();
    let pss = rsa_token(&pair, "PS256", &RSA_PSS_SHA256);
    assert_eq!(judge(&issuer, &pss), Err(TokenRefusal::Algorithm));
}

#[test]
fn signatures_by_rsa_are_checked_with_the_padding_that_is_said() {
    let (pair, jwk) = rsa();
    let mut issuer = oauth_issuer(&[jwk]);
    issuer["algorithms"] = json!(["RS256", "PS256"]);
    let issuer = verifier(issuer);
    assert!(judge(&issuer, &rsa_token(&pair, "RS256", &RSA_PKCS1_SHA256)).is_ok());
    assert!(judge(&issuer, &rsa_token(&pair, "PS256", &RSA_PSS_SHA256)).is_ok());
    let mixed = rsa_token(&pair, "PS256", &RSA_PKCS1_SHA256);
    assert_eq!(judge(&issuer, &mixed), Err(TokenRefusal::Signature));
    let of_another_kind =
        Signer::new("r1").signed(&json!({"alg": "ES256", "kid": "r1"}), &issued_claims("a"));
    assert_eq!(judge(&issuer, &of_another_kind), Err(TokenRefusal::Algorithm));
}

#[test]
fn tokens_of_other_keys_are_refused() {
    let (signer, other) = (Signer::new("k1"), Signer::new("k2"));
    let issuer = verifier(oauth_issuer(&[signer.jwk()]));
    assert_eq!(judge(&issuer, &other.token(&issued_claims("alice"))), Err(TokenRefusal::UnknownKey));
    let forged = Signer::new("k1").token(&issued_claims("alice"));
    assert_eq!(judge(&issuer, &forged), Err(TokenRefusal::Signature));
    let unnamed = signer.signed(&json!({"alg": "ES256"}), &issued_claims("alice"));
    assert!(judge(&issuer, &unnamed).is_ok(), "who names no key may have used any");
    let critical = signer.signed(&json!({"alg": "ES256", "crit": ["exp"]}), &issued_claims("alice"));
    assert_eq!(judge(&issuer, &critical), Err(TokenRefusal::Malformed));
    // Keys change: what the new ones sign is good at once.
    let both = verifier(oauth_issuer(&[signer.jwk(), other.jwk()]));
    for one in [&signer, &other] {
        assert!(judge(&both, &one.token(&issued_claims("alice"))).is_ok());
    }
}

#[test]
fn claims_and_headers_that_occur_twice_are_refused() {
    let signer = Signer::new("k1");
    let issuer = verifier(oauth_issuer(&[signer.jwk()]));
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let claims = issued_claims("alice").to_string();
    let twice = claims.replacen('{', r#"{"sub":"mallory","#, 1);
    let header = r#"{"alg":"ES256","kid":"k1"}"#;
    let token =
        |header: &str, claims: &str| signer.sign_text(&format!("{}.{}", encode(header), encode(claims)));
    assert!(judge(&issuer, &token(header, &claims)).is_ok());
    assert_eq!(judge(&issuer, &token(header, &twice)), Err(TokenRefusal::Malformed));
    let doubled = r#"{"alg":"none","alg":"ES256","kid":"k1"}"#;
    assert_eq!(judge(&issuer, &token(doubled, &claims)), Err(TokenRefusal::Malformed));
}

#[test]
fn tokens_are_limited_in_length() {
    let signer = Signer::new("k1");
    let issuer = verifier(oauth_issuer(&[signer.jwk()]));
    let padded = |bytes: usize| {
        let mut claims = issued_claims("alice");
        claims["roles"] = json!("r".repeat(bytes));
        signer.token(&claims)
    };
    let most = (1..1_000).find(|bytes| padded(*bytes * 64).len() > limits::ISSUER_TOKEN_BYTES_MAX).unwrap();
    assert!(judge(&issuer, &padded((most - 1) * 64)).is_ok());
    assert_eq!(judge(&issuer, &padded(most * 64)), Err(TokenRefusal::TooLong));
}

#[test]
fn keys_that_were_not_renewed_for_too_long_are_no_longer_good() {
    let signer = Signer::new("k1");
    let token = signer.token(&issued_claims("alice"));
    let until = |end_ms: i64| {
        let mut issuer = oauth_issuer(&[signer.jwk()]);
        issuer["keys_good_until_ms"] = json!(end_ms);
        judge(&verifier(issuer), &token).map(|_| ())
    };
    assert_eq!(until(NOW_MS + 1), Ok(()));
    assert_eq!(until(NOW_MS), Err(TokenRefusal::KeysOutdated));
}

#[test]
fn an_identity_ends_with_the_trust_in_its_issuer_and_not_with_a_key() {
    let signer = Signer::new("k1");
    let identity = changed("scope", json!("kafka")).unwrap();
    let with = |change: &dyn Fn(&mut Value)| -> Credentials {
        let mut file = credentials_file(&[]);
        file["oauth_issuer"] = oauth_issuer(&[signer.jwk()]);
        change(&mut file);
        parse(&file).unwrap()
    };
    assert!(with(&|_| ()).uphold(&identity), "other keys");
    assert!(!with(&|file| file["oauth_issuer"] = json!(null)).uphold(&identity));
    for field in ["issuer", "audience", "principal_claim"] {
        assert!(!with(&|file| file["oauth_issuer"][field] = json!("other")).uphold(&identity), "{field}");
    }
}

#[test]
fn issuers_that_can_not_be_used_are_refused_at_and_over_each_limit() {
    let text = |bytes: usize| json!("x".repeat(bytes));
    for (field, most) in [
        ("issuer", limits::ISSUER_NAME_BYTES_MAX),
        ("audience", limits::ISSUER_NAME_BYTES_MAX),
        ("principal_claim", limits::PRINCIPAL_CLAIM_BYTES_MAX),
    ] {
        assert_eq!(problem(|issuer| issuer[field] = text(most)), None);
        for wrong in [text(most + 1), text(0), json!("a\u{0}")] {
            assert!(problem(|issuer| issuer[field] = wrong).unwrap().contains(field));
        }
    }
    let most = limits::CLOCK_SKEW_SECONDS_MAX;
    assert_eq!(problem(|issuer| issuer["clock_skew_seconds"] = json!(most)), None);
    assert!(problem(|issuer| issuer["clock_skew_seconds"] = json!(most + 1)).unwrap().contains("skew"));
    for algorithms in [json!([]), json!(["ES256", "ES256"]), json!(["none"]), json!(["HS256"])] {
        assert!(problem(|issuer| issuer["algorithms"] = algorithms).is_some());
    }
    assert!(problem(|issuer| issuer["jwks_url"] = json!("https://idp.test")).is_some());
}

#[test]
fn keys_that_can_not_be_used_are_left_out_and_secrets_refused() {
    let keys = |keys: Value| problem(|issuer| issuer["keys"] = keys);
    let good = Signer::new("k1").jwk();
    let with = |field: &str, value: Value| {
        let mut key = good.clone();
        key[field] = value;
        key
    };
    assert_eq!(keys(json!([good, {"kty": "new", "kid": "x"}, with("x", json!("AAAA"))])), None);
    assert_eq!(keys(json!(vec![good.clone(); limits::TOKEN_KEYS_MAX])), None);
    assert!(keys(json!(vec![good.clone(); limits::TOKEN_KEYS_MAX + 1])).unwrap().contains("33 keys"));
    assert!(keys(json!([good, with("d", json!("AAAA"))])).unwrap().contains("key 1: holds a secret"));
    assert!(keys(json!([{"kty": "oct", "k": "AAAA"}])).unwrap().contains("secret"));
    assert!(keys(json!([with("x", json!("AAAA"))])).unwrap().contains("wrong length"));
    assert!(keys(json!([with("use", json!("enc"))])).unwrap().contains("no key for signatures"));
    assert!(keys(json!([with("alg", json!("HS256"))])).unwrap().contains("no key for signatures"));
    assert!(keys(json!([7])).unwrap().contains("no JWK"));
    let (_, mut short) = rsa();
    short["n"] = json!(BASE64_URL_SAFE_NO_PAD.encode([255; 255]));
    assert!(keys(json!([short])).unwrap().contains("2048"));
    short["n"] = json!(BASE64_URL_SAFE_NO_PAD.encode([255; 513]));
    assert!(keys(json!([short])).unwrap().contains("4096"));
}

proptest! {
    #[test]
    fn a_token_changed_anywhere_is_refused(place in any::<prop::sample::Index>(), flip in 1u8..=127) {
        let signer = Signer::new("k1");
        let mut token = signer.token(&issued_claims("alice")).into_bytes();
        let place = place.index(token.len());
        token[place] ^= flip;
        if let Ok(token) = String::from_utf8(token) {
            prop_assert!(judge(&verifier(oauth_issuer(&[signer.jwk()])), &token).is_err());
        }
    }
}
