//! A compact JWS (RFC 7515) taken apart, and JSON objects in which nothing occurs twice.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;

use super::token::TokenRefusal;

/// A token in its parts; what of them is not decoded is so only once the signature is known to be good.
pub(super) struct Parts<'a> {
    pub(super) header: &'a str,
    pub(super) claims: &'a str,
    pub(super) signed: &'a [u8],
    pub(super) signature: Vec<u8>,
}

/// Takes a token apart.
pub(super) fn parts(token: &str) -> Result<Parts<'_>, TokenRefusal> {
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenRefusal::Malformed)?;
    let (header, claims) = signed.split_once('.').ok_or(TokenRefusal::Malformed)?;
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenRefusal::Malformed)?;
    Ok(Parts { header, claims, signed: signed.as_bytes(), signature })
}

/// Reads an object of a token.
pub(super) fn decode_object(part: &str) -> Result<Claims, TokenRefusal> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenRefusal::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenRefusal::Malformed)
}

/// Members of an object by their names. Two of one name are refused (RFC 7519 section 4 leaves that open): two readers could
/// take different ones.
#[derive(Debug)]
pub(super) struct Claims(BTreeMap<String, Value>);

impl Claims {
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A text; none where there is no such member.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, TokenRefusal> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(TokenRefusal::Malformed),
        }
    }

    /// Whether one text, or one of several, is this (RFC 7519 section 4.1.3).
    pub(super) fn names(&self, name: &str, wanted: &str) -> bool {
        match self.0.get(name) {
            Some(Value::String(one)) => one == wanted,
            Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(wanted)),
            _ => false,
        }
    }

    /// Seconds since the epoch (RFC 7519 section 2 allows fractions, which are cut off); none where there is no such member.
    pub(super) fn seconds(&self, name: &str) -> Result<Option<i64>, TokenRefusal> {
        match self.0.get(name) {
            None => Ok(None),
            // Casts of floats saturate.
            Some(Value::Number(number)) => number
                .as_i64()
                .or_else(|| number.as_f64().map(|seconds| seconds as i64))
                .map(Some)
                .ok_or(TokenRefusal::Malformed),
            Some(_) => Err(TokenRefusal::Malformed),
        }
    }
}

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Claims;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Claims, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member occurs twice"));
            }
        }
        Ok(Claims(members))
    }
}
