//! Whether a broker would take a part of a configuration. Nothing is started, read from a disk or written.

use std::io::{self, Read};

use headrace_security::{IssuerVerifier, MappingError, PrincipalMapping};
use serde::Deserialize;
use thiserror::Error;

use crate::{
    limits::{ISSUER_BYTES_MAX, TLS_FILE_BYTES_MAX},
    tls::{TlsError, authorities},
};

/// Why it would not.
#[derive(Debug, Error)]
pub(crate) enum CheckError {
    #[error("standard input: {0}")]
    Read(#[from] io::Error),
    #[error("standard input: {0}")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Mapping(#[from] MappingError),
}

/// What is asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientCertificates {
    /// PEM
    authorities: String,
    mapping_rules: String,
}

/// Checks the authorities and mapping rules of client certificates, given as one JSON object.
pub(crate) fn client_certificates(input: impl Read) -> Result<(), CheckError> {
    let mut bytes = Vec::new();
    input.take(TLS_FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    let asked: ClientCertificates = serde_json::from_slice(&bytes)?;
    authorities(asked.authorities.as_bytes())?;
    PrincipalMapping::parse(&asked.mapping_rules)?;
    Ok(())
}

/// Checks an organization's own issuer of tokens, given as in a credentials file.
pub(crate) fn oauth_issuer(input: impl Read) -> Result<(), CheckError> {
    let mut bytes = Vec::new();
    input.take(ISSUER_BYTES_MAX).read_to_end(&mut bytes)?;
    serde_json::from_slice::<IssuerVerifier>(&bytes)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problem(authorities: &str, mapping_rules: &str) -> Option<String> {
        let asked = json!({"authorities": authorities, "mapping_rules": mapping_rules}).to_string();
        client_certificates(asked.as_bytes()).err().map(|problem| problem.to_string())
    }

    #[test]
    fn what_a_broker_would_not_take_is_refused_in_words() {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (pem, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        assert_eq!(problem(&pem, ""), None);
        assert_eq!(problem(&pem.repeat(20), "DEFAULT"), None);
        assert!(problem(&pem.repeat(21), "").unwrap().contains("more than 20"));
        for authorities in ["", "nothing", &key] {
            assert!(problem(authorities, "").unwrap().contains("no certificate"), "{authorities}");
        }
        let broken = pem.replace("MII", "AAA");
        assert!(problem(&broken, "").unwrap().contains("certificate 1"));
        assert!(problem(&pem, "RULE:(/x/").unwrap().contains("mapping rule 1"));
        assert!(client_certificates(&b"[]"[..]).is_err());
    }
    #[test]
    fn an_issuer_that_a_broker_would_not_take_is_refused_in_words() {
        let point = "A".repeat(43);
        let with = |field: &str, value: serde_json::Value| {
            let mut issuer = json!({
                "issuer": "https://idp.test", "audience": "kafka", "principal_claim": "sub",
                "algorithms": ["ES256"], "clock_skew_seconds": 30, "keys_good_until_ms": null,
                "keys": [{"kty": "EC", "crv": "P-256", "x": point, "y": point}]
            });
            issuer[field] = value;
            oauth_issuer(issuer.to_string().as_bytes()).err().map(|problem| problem.to_string())
        };
        assert_eq!(with("clock_skew_seconds", json!(300)), None);
        assert!(with("clock_skew_seconds", json!(301)).unwrap().contains("at most 300"));
        assert!(with("keys", json!([])).unwrap().contains("no key"));
        assert!(with("algorithms", json!(["HS256"])).unwrap().contains("HS256"));
        assert!(with("algorithms", json!(["none"])).unwrap().contains("none"));
        assert!(with("keys", json!([{"kty": "oct", "k": "c2VjcmV0"}])).unwrap().contains("secret"));
        assert!(oauth_issuer(&b"[]"[..]).is_err());
    }
}
