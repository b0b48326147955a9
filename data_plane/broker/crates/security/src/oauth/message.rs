//! The client's first message (RFC 7628 section 3.1).

use crate::limits::SASL_TOKEN_BYTES_MAX;
use crate::outcome::RefusalReason;

const SEPARATOR: char = '\u{1}';
const MALFORMED: RefusalReason = RefusalReason::Malformed("OAUTHBEARER");

/// `n,[a=<authzid>],^Aauth=Bearer <token>^A[<key>=<value>^A]^A`
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ClientFirst<'a> {
    pub(crate) authorization_id: Option<&'a str>,
    pub(crate) token: &'a str,
}

impl<'a> ClientFirst<'a> {
    pub(crate) fn parse(message: &'a [u8]) -> Result<Self, RefusalReason> {
        if message.len() > SASL_TOKEN_BYTES_MAX {
            return Err(RefusalReason::TooLong(message.len()));
        }
        let text = std::str::from_utf8(message).map_err(|_| MALFORMED)?;
        let (header, rest) = text.split_once(SEPARATOR).ok_or(MALFORMED)?;
        let body = rest.strip_suffix("\u{1}\u{1}").ok_or(MALFORMED)?;
        Ok(Self { authorization_id: authorization_id(header)?, token: bearer_token(body)? })
    }
}

fn authorization_id(header: &str) -> Result<Option<&str>, RefusalReason> {
    let mut parts = header.split(',');
    let (binding, authzid, last) = (parts.next(), parts.next(), parts.next());
    if !matches!(binding, Some("n" | "y")) || last != Some("") || parts.next().is_some() {
        return Err(MALFORMED);
    }
    match authzid.ok_or(MALFORMED)? {
        "" => Ok(None),
        named => named.strip_prefix("a=").map(Some).ok_or(MALFORMED),
    }
}

/// The token among the key-value pairs; others are SASL extensions, which nothing here needs.
fn bearer_token(body: &str) -> Result<&str, RefusalReason> {
    let mut credentials = None;
    for pair in body.split(SEPARATOR) {
        let (key, value) = pair.split_once('=').ok_or(MALFORMED)?;
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return Err(MALFORMED);
        }
        if key == "auth" && credentials.replace(value).is_some() {
            return Err(MALFORMED);
        }
    }
    let (scheme, token) = credentials.and_then(|value| value.split_once(' ')).ok_or(MALFORMED)?;
    let token = token.trim_matches(' ');
    if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() { Ok(token) } else { Err(MALFORMED) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_messages_of_known_clients_are_read() {
        let java = ClientFirst::parse(b"n,,\x01auth=Bearer abc.def.ghi\x01\x01").unwrap();
        assert_eq!(java, ClientFirst { authorization_id: None, token: "abc.def.ghi" });
        let extended = ClientFirst::parse(b"n,a=me,\x01auth=bearer t\x01logicalCluster=lkc\x01\x01").unwrap();
        assert_eq!(extended, ClientFirst { authorization_id: Some("me"), token: "t" });
    }

    #[test]
    fn malformed_messages_are_refused() {
        let messages: [&[u8]; 10] = [
            b"",
            b"\x01",
            b"n,,",
            b"n,,\x01\x01",
            b"n,,\x01auth=Bearer t\x01",
            b"n,,\x01auth=Basic t\x01\x01",
            b"n,,\x01auth=Bearer \x01\x01",
            b"p=x,,\x01auth=Bearer t\x01\x01",
            b"n,,\x01auth=Bearer t\x01auth=Bearer u\x01\x01",
            b"n,me,\x01auth=Bearer t\x01\x01",
        ];
        for message in messages {
            assert_eq!(ClientFirst::parse(message), Err(MALFORMED), "{message:?}");
        }
    }
}
