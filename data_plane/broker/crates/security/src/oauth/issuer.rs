//! Tokens of an organization's own issuer: JWTs (RFC 7519) that its identity provider signs, verified offline.

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use super::claims::{Claims, decode_object, parts};
use super::issuer_keys::{Algorithm, IssuerKeys, IssuerKeysError, KeyProblem};
use super::token::TokenRefusal;
use crate::credentials::Credentials;
use crate::limits::{
    CLOCK_SKEW_SECONDS_MAX, ISSUER_ALGORITHMS_MAX, ISSUER_NAME_BYTES_MAX, ISSUER_TOKEN_BYTES_MAX,
    ISSUER_TOKEN_LIFETIME_SECONDS_MAX, PRINCIPAL_CLAIM_BYTES_MAX, SUBJECT_BYTES_MAX,
};
use crate::mechanism::Tokens;
use crate::outcome::Authenticated;
use crate::users::ISSUED_PREFIX;

/// Why an issuer is not taken.
#[derive(Debug, Error)]
pub enum IssuerError {
    /// A name that no token could carry, or that nobody would read.
    #[error("{0} has 1 to {ISSUER_NAME_BYTES_MAX} bytes and no control characters")]
    Name(&'static str),
    /// The claim that names the principal.
    #[error("principal_claim has 1 to {PRINCIPAL_CLAIM_BYTES_MAX} bytes and no control characters")]
    PrincipalClaim,
    /// No algorithm, or one more than once.
    #[error("algorithms names one to {ISSUER_ALGORITHMS_MAX} of them, each once")]
    Algorithms,
    /// A skew that would keep ended tokens good.
    #[error("clock_skew_seconds is {0}, at most {CLOCK_SKEW_SECONDS_MAX} are possible")]
    ClockSkew(u32),
    /// A key that can not be used.
    #[error(transparent)]
    Keys(#[from] IssuerKeysError),
}

/// Verifies tokens of one issuer; in the credentials file `oauth_issuer`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "IssuerEntry")]
pub struct IssuerVerifier {
    issuer: String,
    audience: String,
    principal_claim: String,
    algorithms: Vec<Algorithm>,
    clock_skew_seconds: i64,
    keys: IssuerKeys,
    keys_good_until_ms: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IssuerEntry {
    issuer: String,
    audience: String,
    principal_claim: String,
    algorithms: Vec<Algorithm>,
    clock_skew_seconds: u32,
    /// JWKs (RFC 7517) as the issuer publishes them.
    keys: Vec<Value>,
    /// In milliseconds since the epoch; null for keys that were written down by hand.
    keys_good_until_ms: Option<i64>,
}

impl TryFrom<IssuerEntry> for IssuerVerifier {
    type Error = IssuerError;

    fn try_from(entry: IssuerEntry) -> Result<Self, IssuerError> {
        let is_plain = |text: &str, most: usize| {
            !text.is_empty() && text.len() <= most && !text.chars().any(char::is_control)
        };
        if !is_plain(&entry.issuer, ISSUER_NAME_BYTES_MAX) {
            return Err(IssuerError::Name("issuer"));
        }
        if !is_plain(&entry.audience, ISSUER_NAME_BYTES_MAX) {
            return Err(IssuerError::Name("audience"));
        }
        if !is_plain(&entry.principal_claim, PRINCIPAL_CLAIM_BYTES_MAX) {
            return Err(IssuerError::PrincipalClaim);
        }
        let repeats = |(index, one): (usize, &Algorithm)| entry.algorithms[..index].contains(one);
        let is_counted = (1..=ISSUER_ALGORITHMS_MAX).contains(&entry.algorithms.len());
        if !is_counted || entry.algorithms.iter().enumerate().any(repeats) {
            return Err(IssuerError::Algorithms);
        }
        if entry.clock_skew_seconds > CLOCK_SKEW_SECONDS_MAX {
            return Err(IssuerError::ClockSkew(entry.clock_skew_seconds));
        }
        Ok(Self {
            keys: IssuerKeys::parse(entry.keys)?,
            issuer: entry.issuer,
            audience: entry.audience,
            principal_claim: entry.principal_claim,
            algorithms: entry.algorithms,
            clock_skew_seconds: i64::from(entry.clock_skew_seconds),
            keys_good_until_ms: entry.keys_good_until_ms,
        })
    }
}

impl Tokens for IssuerVerifier {
    /// Whom the token speaks for: `User:oauth:<name>`, which nobody else's principal begins like.
    fn verify(&self, token: &str, _: &Credentials, now_ms: i64) -> Result<Authenticated, TokenRefusal> {
        if token.len() > ISSUER_TOKEN_BYTES_MAX {
            return Err(TokenRefusal::TooLong);
        }
        if self.keys_good_until_ms.is_some_and(|end| now_ms >= end) {
            return Err(TokenRefusal::KeysOutdated);
        }
        let claims = self.signed_claims(token)?;
        if claims.text("iss")? != Some(&self.issuer) {
            return Err(TokenRefusal::Issuer);
        }
        if !claims.names("aud", &self.audience) {
            return Err(TokenRefusal::Audience);
        }
        let name = claims.text(&self.principal_claim)?.ok_or(TokenRefusal::Subject)?;
        if name.is_empty() || name.len() > SUBJECT_BYTES_MAX || name.chars().any(char::is_control) {
            return Err(TokenRefusal::Subject);
        }
        Ok(Authenticated {
            principal: format!("User:{ISSUED_PREFIX}{name}"),
            credential_id: Some(self.trust()),
            secret: None,
            bounds: None,
            expires_at_ms: Some(self.check_times(&claims, now_ms)?),
        })
    }
}

impl IssuerVerifier {
    /// What an identity hangs on: it ends where another issuer, audience or claim is trusted, not where keys change.
    pub(crate) fn trust(&self) -> String {
        format!("{ISSUED_PREFIX}{}\n{}\n{}", self.issuer, self.audience, self.principal_claim)
    }

    /// The claims, once their signature is known to be good.
    fn signed_claims(&self, token: &str) -> Result<Claims, TokenRefusal> {
        let parts = parts(token)?;
        let header = decode_object(parts.header)?;
        if header.has("crit") {
            // RFC 7515 section 4.1.11: what is critical and not understood makes the token invalid.
            return Err(TokenRefusal::Malformed);
        }
        let algorithm = header.text("alg")?.and_then(Algorithm::named).ok_or(TokenRefusal::Algorithm)?;
        if !self.algorithms.contains(&algorithm) {
            return Err(TokenRefusal::Algorithm);
        }
        let verified = self.keys.verify(algorithm, header.text("kid")?, parts.signed, &parts.signature);
        verified.map_err(|problem| match problem {
            KeyProblem::Unknown => TokenRefusal::UnknownKey,
            KeyProblem::Signature => TokenRefusal::Signature,
        })?;
        decode_object(parts.claims)
    }

    /// Checks the times; answers when the token ends, in milliseconds since the epoch.
    fn check_times(&self, claims: &Claims, now_ms: i64) -> Result<i64, TokenRefusal> {
        let now = now_ms.div_euclid(1000);
        let soon = now.saturating_add(self.clock_skew_seconds);
        let begins = [claims.seconds("nbf")?, claims.seconds("iat")?].into_iter().flatten().max();
        if begins.is_some_and(|begin| begin > soon) {
            return Err(TokenRefusal::NotYetValid);
        }
        let end = claims.seconds("exp")?.ok_or(TokenRefusal::Malformed)?;
        let end = end.saturating_add(self.clock_skew_seconds);
        if end <= now {
            return Err(TokenRefusal::Expired);
        }
        if end > soon.saturating_add(ISSUER_TOKEN_LIFETIME_SECONDS_MAX) {
            return Err(TokenRefusal::Lifetime);
        }
        Ok(end.saturating_mul(1000))
    }
}
