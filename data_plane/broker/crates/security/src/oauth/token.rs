//! The control plane's tokens: compact JWS (RFC 7515) of JWT claims (RFC 7519), signed with ES256 and nothing else.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use thiserror::Error;

use crate::credentials::Credentials;
use crate::limits::{TOKEN_BYTES_MAX, TOKEN_LIFETIME_SECONDS_MAX, USERNAME_BYTES_MAX};
use crate::mechanism::Tokens;
use crate::oauth::keys::{TokenKeys, TokenKeysError};
use crate::outcome::Authenticated;

/// Subjects that begin so are API keys: their tokens are good only while the key's credential is there.
const API_KEY_PREFIX: &str = "hk_";

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TokenRefusal {
    /// The broker is not configured for tokens.
    #[error("tokens are not configured")]
    NotConfigured,
    /// Longer than any honest token.
    #[error("too long")]
    TooLong,
    /// Not a compact JWS of a JWT.
    #[error("malformed")]
    Malformed,
    /// Signed by another algorithm than may be, or not at all.
    #[error("the algorithm is not one that may be used")]
    Algorithm,
    /// Signed by a key that is not in the key file.
    #[error("unknown key id")]
    UnknownKey,
    /// The signature does not match.
    #[error("wrong signature")]
    Signature,
    /// Issued by somebody else.
    #[error("another issuer")]
    Issuer,
    /// Issued for another cluster.
    #[error("another audience")]
    Audience,
    /// The subject can not be a principal's name.
    #[error("unusable subject")]
    Subject,
    /// Issued in the future.
    #[error("issued in the future")]
    NotYetValid,
    /// No longer valid.
    #[error("expired")]
    Expired,
    /// Valid for longer than tokens may be.
    #[error("lifetime too long")]
    Lifetime,
    /// The issuer could not be asked for its keys for too long.
    #[error("the issuer's keys are too old")]
    KeysOutdated,
    /// The API key that it speaks for is gone.
    #[error("subject is revoked")]
    Revoked,
}

/// Verifies tokens for one cluster.
#[derive(Clone, Debug)]
pub struct TokenVerifier {
    keys: TokenKeys,
    issuer: String,
    audience: String,
    clock_skew_seconds: i64,
}

impl TokenVerifier {
    /// A verifier by the bytes of a JWKS file; `audience` is the cluster's id.
    pub fn parse(
        key_file: &[u8],
        issuer: &str,
        audience: &str,
        clock_skew_seconds: u32,
    ) -> Result<Self, TokenKeysError> {
        Ok(Self {
            keys: TokenKeys::parse(key_file)?,
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            clock_skew_seconds: i64::from(clock_skew_seconds),
        })
    }

    /// The claims, once their signature is known to be good.
    fn signed_claims(&self, token: &str) -> Result<Claims, TokenRefusal> {
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenRefusal::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenRefusal::Malformed)?;
        let header: Header = decode_json(header)?;
        if header.alg != "ES256" {
            return Err(TokenRefusal::Algorithm);
        }
        if header.crit.is_some() {
            // RFC 7515 section 4.1.11: what is critical and not understood makes the token invalid.
            return Err(TokenRefusal::Malformed);
        }
        let key = header.kid.and_then(|key_id| self.keys.get(&key_id)).ok_or(TokenRefusal::UnknownKey)?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenRefusal::Malformed)?;
        key.verify(signed.as_bytes(), &signature).map_err(|_| TokenRefusal::Signature)?;
        decode_json(claims)
    }

    fn check_parties(&self, claims: &Claims) -> Result<(), TokenRefusal> {
        if claims.iss != self.issuer {
            return Err(TokenRefusal::Issuer);
        }
        if claims.aud != self.audience {
            return Err(TokenRefusal::Audience);
        }
        let nameable =
            !claims.sub.is_empty() && claims.sub.len() <= USERNAME_BYTES_MAX && !claims.jti.is_empty();
        if nameable && claims.sub.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
            Ok(())
        } else {
            Err(TokenRefusal::Subject)
        }
    }

    /// Checks `iat` and `exp`; answers when the token ends, in milliseconds since the epoch.
    fn check_times(&self, claims: &Claims, now_ms: i64) -> Result<i64, TokenRefusal> {
        let lifetime = claims.exp.checked_sub(claims.iat).ok_or(TokenRefusal::Lifetime)?;
        if !(1..=TOKEN_LIFETIME_SECONDS_MAX).contains(&lifetime) {
            return Err(TokenRefusal::Lifetime);
        }
        let now = now_ms.div_euclid(1000);
        if claims.iat > now.saturating_add(self.clock_skew_seconds) {
            return Err(TokenRefusal::NotYetValid);
        }
        let end = claims.exp.saturating_add(self.clock_skew_seconds);
        if end <= now {
            return Err(TokenRefusal::Expired);
        }
        Ok(end.saturating_mul(1000))
    }
}

impl Tokens for TokenVerifier {
    fn verify(
        &self,
        token: &str,
        credentials: &Credentials,
        now_ms: i64,
    ) -> Result<Authenticated, TokenRefusal> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenRefusal::TooLong);
        }
        let claims = self.signed_claims(token)?;
        self.check_parties(&claims)?;
        let expires_at_ms = self.check_times(&claims, now_ms)?;
        let credential_id = claims.sub.starts_with(API_KEY_PREFIX).then(|| claims.sub.clone());
        let authenticated = Authenticated {
            principal: format!("User:{}", claims.sub),
            bounds: credential_id.as_deref().and_then(|id| credentials.bounds_of(id)),
            credential_id,
            secret: None,
            expires_at_ms: Some(expires_at_ms),
        };
        if credentials.uphold(&authenticated) { Ok(authenticated) } else { Err(TokenRefusal::Revoked) }
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    iat: i64,
    exp: i64,
    jti: String,
}

fn decode_json<T: DeserializeOwned>(part: &str) -> Result<T, TokenRefusal> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenRefusal::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenRefusal::Malformed)
}
