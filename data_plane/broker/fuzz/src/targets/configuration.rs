//! What operators and the control plane write for a broker: first byte which file, then its bytes.

use headrace_broker::entrances::{check_client_certificates, check_configuration, check_oauth_issuer};
use headrace_security::{Credentials, DecoyKey, PrincipalMapping, TokenVerifier};

use super::{Hold, Target};
use crate::Allowance;

const CLOCK_SKEW_SECONDS: u32 = 30;
/// Files that there are.
const KINDS: u8 = 6;

pub(super) const TARGET: Target = Target {
    name: "configuration",
    // A mapping rule is a regular expression, whose program may have 10 MiB before it is refused.
    allowance: Allowance { floor_bytes: 48 * 1024 * 1024, per_byte: 256 },
    handle,
};

fn handle(input: &[u8], hold: &mut Hold<'_>) {
    let Some((kind, bytes)) = input.split_first() else { return };
    hold.run(input.len(), || match kind % KINDS {
        0 => told(check_configuration(bytes)),
        1 => told(check_client_certificates(bytes)),
        2 => told(Credentials::parse(bytes, DecoyKey::new([9; 32]))),
        3 => told(TokenVerifier::parse(bytes, "headrace:in_1", "lkc_1", CLOCK_SKEW_SECONDS)),
        4 => {
            if let Ok(rules) = std::str::from_utf8(bytes) {
                told(PrincipalMapping::parse(rules));
            }
        }
        _ => told(check_oauth_issuer(bytes)),
    });
}

/// A refusal is told in words, which must not be endless either.
fn told<T, E: std::fmt::Display>(outcome: Result<T, E>) {
    if let Err(error) = outcome {
        let words = error.to_string();
        assert!(!words.is_empty());
    }
}
