//! Clients and files to test the mechanisms with: written from the RFCs, apart from the code under test.
#![allow(dead_code, reason = "every test program uses its own part")]
#![allow(clippy::expect_used, reason = "a test that can not be set up has failed")]

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use headrace_security::{
    Authentication, Credentials, DecoyKey, Mechanism, ServerNonce, Step, TokenVerifier, Verifiers,
};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use ring::{digest, hmac, pbkdf2};
use serde_json::{Value, json};

pub(crate) const NOW_MS: i64 = 1_800_000_000_000;
pub(crate) const ISSUER: &str = "headrace:in_test";
pub(crate) const CLUSTER: &str = "lkc_test";
/// An organization's own issuer.
pub(crate) const IDP: &str = "https://idp.test/realm";
pub(crate) const DECOY_KEY: [u8; 32] = [9; 32];
const ITERATIONS: u32 = 4096;

/// The hash functions of one SCRAM mechanism.
#[derive(Clone, Copy)]
pub(crate) struct Hash {
    pub(crate) mechanism: &'static str,
    hmac: hmac::Algorithm,
    digest: &'static digest::Algorithm,
    pbkdf2: pbkdf2::Algorithm,
}

pub(crate) const SHA_256: Hash = Hash {
    mechanism: "SCRAM-SHA-256",
    hmac: hmac::HMAC_SHA256,
    digest: &digest::SHA256,
    pbkdf2: pbkdf2::PBKDF2_HMAC_SHA256,
};
pub(crate) const SHA_512: Hash = Hash {
    mechanism: "SCRAM-SHA-512",
    hmac: hmac::HMAC_SHA512,
    digest: &digest::SHA512,
    pbkdf2: pbkdf2::PBKDF2_HMAC_SHA512,
};

impl Hash {
    fn mac(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        hmac::sign(&hmac::Key::new(self.hmac, key), message).as_ref().to_vec()
    }

    fn salted(self, secret: &str, salt: &[u8], iterations: u32) -> Vec<u8> {
        let mut salted = vec![0; self.digest.output_len()];
        let iterations = NonZeroU32::new(iterations).expect("iterations are positive");
        pbkdf2::derive(self.pbkdf2, iterations, salt, secret.as_bytes(), &mut salted);
        salted
    }
}

pub(crate) fn credential(username: &str, secret: &str) -> Value {
    let salt: Vec<u8> = username.bytes().cycle().take(16).collect();
    let plain = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &salt), secret.as_bytes());
    let scram = |hash: Hash| {
        let salted = hash.salted(secret, &salt, ITERATIONS);
        let client_key = hash.mac(&salted, b"Client Key");
        json!({
            "salt": BASE64_STANDARD.encode(&salt),
            "iterations": ITERATIONS,
            "stored_key": BASE64_STANDARD.encode(digest::digest(hash.digest, &client_key)),
            "server_key": BASE64_STANDARD.encode(hash.mac(&salted, b"Server Key")),
        })
    };
    json!({
        "username": username,
        "principal": format!("User:{username}"),
        "plain": {"salt": BASE64_STANDARD.encode(&salt), "hmac_sha256": BASE64_STANDARD.encode(plain)},
        "scram_sha_256": scram(SHA_256),
        "scram_sha_512": scram(SHA_512),
    })
}

/// A credential whose secret was changed and whose secret before still works.
pub(crate) fn rotated(username: &str, before: &str, secret: &str) -> Value {
    let (mut entry, mut previous) = (credential(username, secret), credential(username, before));
    let mut part = |name: &str, fields: &[&str]| {
        let kept = fields.iter().map(|field| ((*field).to_owned(), previous[name][field].take()));
        kept.collect::<Value>()
    };
    entry["previous"] = json!({
        "plain": part("plain", &["hmac_sha256"]),
        "scram_sha_256": part("scram_sha_256", &["stored_key", "server_key"]),
        "scram_sha_512": part("scram_sha_512", &["stored_key", "server_key"]),
    });
    entry
}

pub(crate) fn credentials_file(entries: &[Value]) -> Value {
    json!({"format": 1, "generation": 12, "credentials": entries})
}

pub(crate) fn credentials(users: &[(&str, &str)]) -> Credentials {
    let entries: Vec<Value> = users.iter().map(|(username, secret)| credential(username, secret)).collect();
    parse(&credentials_file(&entries)).expect("the file is good")
}

pub(crate) fn parse(file: &Value) -> Result<Credentials, headrace_security::CredentialsError> {
    Credentials::parse(file.to_string().as_bytes(), DecoyKey::new(DECOY_KEY))
}

/// A connection that has asked for one mechanism.
pub(crate) fn connection(mechanism: &str) -> Authentication {
    let mut connection = Authentication::new(Mechanism::ALL.to_vec());
    let framing = headrace_security::TokenFraming::Request;
    connection.handshake(mechanism, framing, nonce(1)).expect("the mechanism is offered");
    connection
}

pub(crate) fn nonce(seed: u8) -> ServerNonce {
    ServerNonce::from_random([seed; 24])
}

pub(crate) fn verifiers(credentials: &Credentials) -> Verifiers<'_> {
    Verifiers { credentials, tokens: None, now_ms: NOW_MS, session_ms_max: None }
}

/// A SCRAM client.
pub(crate) struct ScramClient {
    hash: Hash,
    username: String,
    secret: String,
    gs2_header: &'static str,
}

impl ScramClient {
    pub(crate) fn new(hash: Hash, username: &str, secret: &str) -> Self {
        Self { hash, username: username.to_owned(), secret: secret.to_owned(), gs2_header: "n,," }
    }

    pub(crate) fn with_header(self, gs2_header: &'static str) -> Self {
        Self { gs2_header, ..self }
    }

    fn bare(&self) -> String {
        let name = self.username.replace('=', "=3D").replace(',', "=2C");
        format!("n={name},r=fyko+d2lbbFgONRv9qkxdawL")
    }

    pub(crate) fn first(&self) -> String {
        format!("{}{}", self.gs2_header, self.bare())
    }

    /// The final message, and the server signature to expect.
    pub(crate) fn last(&self, challenge: &[u8]) -> (String, String) {
        let challenge = std::str::from_utf8(challenge).expect("the challenge is text");
        let mut fields = challenge.split(',').map(|field| &field[2..]);
        let mut field = || fields.next().expect("three fields");
        let (nonce, salt, iterations) = (field(), field(), field());
        let salt = BASE64_STANDARD.decode(salt).expect("salt is base64");
        let salted =
            self.hash.salted(&self.secret, &salt, iterations.parse().expect("iterations are a number"));
        let without_proof = format!("c={},r={nonce}", BASE64_STANDARD.encode(self.gs2_header));
        let signed = format!("{},{challenge},{without_proof}", self.bare());
        let client_key = self.hash.mac(&salted, b"Client Key");
        let stored_key = digest::digest(self.hash.digest, &client_key);
        let signature = self.hash.mac(stored_key.as_ref(), signed.as_bytes());
        let proof: Vec<u8> = client_key.iter().zip(&signature).map(|(left, right)| left ^ right).collect();
        let server_key = self.hash.mac(&salted, b"Server Key");
        let expected = format!("v={}", BASE64_STANDARD.encode(self.hash.mac(&server_key, signed.as_bytes())));
        (format!("{without_proof},p={}", BASE64_STANDARD.encode(proof)), expected)
    }
}

pub(crate) fn challenge(step: Step) -> Vec<u8> {
    match step {
        Step::Challenge(bytes) => bytes,
        other => panic!("a challenge was expected, not {other:?}"),
    }
}

/// Signs tokens as the control plane does.
pub(crate) struct Signer {
    key_id: &'static str,
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl Signer {
    pub(crate) fn new(key_id: &'static str) -> Self {
        let random = SystemRandom::new();
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random)
            .expect("a key");
        Self { key_id, pair, random }
    }

    pub(crate) fn jwk(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        json!({
            "kid": self.key_id, "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig",
            "x": BASE64_URL_SAFE_NO_PAD.encode(&point[1..33]),
            "y": BASE64_URL_SAFE_NO_PAD.encode(&point[33..65]),
        })
    }

    pub(crate) fn verifier(&self) -> TokenVerifier {
        let file = json!({"keys": [self.jwk()]}).to_string();
        TokenVerifier::parse(file.as_bytes(), ISSUER, CLUSTER, 30).expect("the key file is good")
    }

    pub(crate) fn token(&self, claims: &Value) -> String {
        self.signed(&json!({"alg": "ES256", "kid": self.key_id, "typ": "JWT"}), claims)
    }

    pub(crate) fn signed(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&unsigned(header, claims))
    }

    pub(crate) fn sign_text(&self, signed: &str) -> String {
        let signature = self.pair.sign(&self.random, signed.as_bytes()).expect("a signature");
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}

/// Header and claims, without a signature.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", encode(header), encode(claims))
}

pub(crate) fn claims(subject: &str) -> Value {
    let now = NOW_MS / 1000;
    json!({"iss": ISSUER, "aud": CLUSTER, "sub": subject, "iat": now, "exp": now + 300, "jti": "tok_1"})
}

/// The claims of a client of an organization's own issuer.
pub(crate) fn issued_claims(subject: &str) -> Value {
    let now = NOW_MS / 1000;
    json!({"iss": IDP, "aud": "kafka", "sub": subject, "iat": now, "exp": now + 3600})
}

/// An organization's own issuer with these keys, as it stands in a credentials file.
pub(crate) fn oauth_issuer(keys: &[Value]) -> Value {
    json!({
        "issuer": IDP, "audience": "kafka", "principal_claim": "sub", "algorithms": ["ES256", "RS256"],
        "clock_skew_seconds": 30, "keys": keys, "keys_good_until_ms": null
    })
}
