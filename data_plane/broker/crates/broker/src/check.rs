//! Whether a broker would take a part of a configuration. Nothing is started, read from a disk or written.

use std::io::{self, Read};

use headrace_security::{MappingError, PrincipalMapping};
use serde::Deserialize;
use thiserror::Error;

use crate::{
    limits::TLS_FILE_BYTES_MAX,
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
}
