//! The two messages of a SCRAM client (RFC 5802 section 7).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::limits::{CLIENT_NONCE_BYTES_MAX, SASL_MESSAGE_BYTES_MAX, USERNAME_BYTES_MAX};
use crate::outcome::RefusalReason;

const MALFORMED: RefusalReason = RefusalReason::Malformed("SCRAM");

/// `client-first-message`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ClientFirst<'a> {
    /// The part before the bare message; the final message repeats it.
    pub(crate) gs2_header: &'a str,
    /// The part that both sides sign.
    pub(crate) bare: &'a str,
    pub(crate) authorization_id: Option<String>,
    pub(crate) username: String,
    pub(crate) nonce: &'a str,
}

impl<'a> ClientFirst<'a> {
    pub(crate) fn parse(token: &'a [u8]) -> Result<Self, RefusalReason> {
        let text = message_text(token)?;
        let (binding, rest) = text.split_once(',').ok_or(MALFORMED)?;
        match binding {
            // "y": the client could bind to the channel and believes that the server can not, which is so.
            "n" | "y" => {}
            _ if binding.starts_with("p=") => return Err(RefusalReason::ChannelBinding),
            _ => return Err(MALFORMED),
        }
        let (authzid, bare) = rest.split_once(',').ok_or(MALFORMED)?;
        let gs2_header = &text[..text.len() - bare.len()];
        let authorization_id = match authzid {
            "" => None,
            _ => Some(decode_name(authzid.strip_prefix("a=").ok_or(MALFORMED)?)?),
        };
        let mut attributes = bare.split(',');
        let username = decode_name(attribute(attributes.next(), "n=")?)?;
        let nonce = attribute(attributes.next(), "r=")?;
        if nonce.len() > CLIENT_NONCE_BYTES_MAX || !is_nonce(nonce) || !attributes.all(is_extension) {
            return Err(MALFORMED);
        }
        Ok(Self { gs2_header, bare, authorization_id, username, nonce })
    }
}

/// `client-final-message`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ClientFinal<'a> {
    /// The part that both sides sign.
    pub(crate) without_proof: &'a str,
    pub(crate) channel_binding: Vec<u8>,
    pub(crate) nonce: &'a str,
    pub(crate) proof: Vec<u8>,
}

impl<'a> ClientFinal<'a> {
    pub(crate) fn parse(token: &'a [u8]) -> Result<Self, RefusalReason> {
        let text = message_text(token)?;
        let (without_proof, proof) = text.rsplit_once(",p=").ok_or(MALFORMED)?;
        let mut attributes = without_proof.split(',');
        let channel_binding = decode_base64(attribute(attributes.next(), "c=")?)?;
        let nonce = attribute(attributes.next(), "r=")?;
        if !attributes.all(is_extension) {
            return Err(MALFORMED);
        }
        Ok(Self { without_proof, channel_binding, nonce, proof: decode_base64(proof)? })
    }
}

fn message_text(token: &[u8]) -> Result<&str, RefusalReason> {
    if token.len() > SASL_MESSAGE_BYTES_MAX {
        return Err(RefusalReason::TooLong(token.len()));
    }
    std::str::from_utf8(token).map_err(|_| MALFORMED)
}

fn attribute<'a>(part: Option<&'a str>, prefix: &str) -> Result<&'a str, RefusalReason> {
    part.and_then(|text| text.strip_prefix(prefix)).ok_or(MALFORMED)
}

fn decode_base64(text: &str) -> Result<Vec<u8>, RefusalReason> {
    BASE64_STANDARD.decode(text).map_err(|_| MALFORMED)
}

/// Undoes the escapes of a `saslname`: `=2C` is a comma and `=3D` an equals sign; any other `=` is an error.
fn decode_name(escaped: &str) -> Result<String, RefusalReason> {
    let mut name = String::with_capacity(escaped.len());
    let mut pieces = escaped.split('=');
    name.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let (character, rest) = match (piece.strip_prefix("2C"), piece.strip_prefix("3D")) {
            (Some(rest), _) => (',', rest),
            (_, Some(rest)) => ('=', rest),
            (None, None) => return Err(MALFORMED),
        };
        name.push(character);
        name.push_str(rest);
    }
    let acceptable = !name.is_empty() && name.len() <= USERNAME_BYTES_MAX && !name.contains('\0');
    if acceptable { Ok(name) } else { Err(MALFORMED) }
}

fn is_nonce(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
}

/// An extension, which may be ignored. Apache Kafka's have names of several letters (`tokenauth=true`), unlike the RFC's; the
/// mandatory kind (`m=`) comes first and never gets here.
fn is_extension(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, value)| {
        let named = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic());
        named && !value.is_empty() && !value.contains('\0')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_names_are_decoded() {
        let first = ClientFirst::parse(b"n,a=x=2Cy,n=a=3Db=2Cc,r=abc").unwrap();
        assert_eq!(first.username, "a=b,c");
        assert_eq!(first.authorization_id.as_deref(), Some("x,y"));
        assert_eq!(first.gs2_header, "n,a=x=2Cy,");
        assert_eq!(first.bare, "n=a=3Db=2Cc,r=abc");
    }

    #[test]
    fn a_client_that_wants_channel_binding_is_refused() {
        let refusal = ClientFirst::parse(b"p=tls-server-end-point,,n=a,r=b").unwrap_err();
        assert_eq!(refusal, RefusalReason::ChannelBinding);
    }

    #[test]
    fn malformed_first_messages_are_refused() {
        let messages: [&[u8]; 13] = [
            b"",
            b"n",
            b"n,",
            b"n,,",
            b"n,,n=a",
            b"n,,n=,r=b",
            b"n,,n=a,r=",
            b"n,,n=a=2Xb,r=c",
            b"n,,n=a,r=b c",
            b"z,,n=a,r=b",
            b"n,b,n=a,r=c",
            b"n,,m=ext,n=a,r=b",
            b"n,,n=\xff,r=b",
        ];
        for message in messages {
            assert_eq!(ClientFirst::parse(message), Err(MALFORMED), "{message:?}");
        }
    }

    #[test]
    fn extensions_are_tolerated() {
        assert_eq!(ClientFirst::parse(b"y,,n=a,r=b,tokenauth=true").unwrap().nonce, "b");
        assert_eq!(ClientFirst::parse(b"y,,n=a,r=b,tokenauth"), Err(MALFORMED));
        assert_eq!(
            ClientFinal::parse(b"c=biws,r=b,t=true,p=AAAA").unwrap().without_proof,
            "c=biws,r=b,t=true"
        );
    }

    #[test]
    fn malformed_final_messages_are_refused() {
        let messages: [&[u8]; 6] = [
            b"",
            b"c=biws,r=b",
            b"c=!,r=b,p=AAAA",
            b"r=b,c=biws,p=AAAA",
            b"c=biws,r=b,p=!",
            b"c=biws,r=b,p=AAA",
        ];
        for message in messages {
            assert_eq!(ClientFinal::parse(message), Err(MALFORMED), "{message:?}");
        }
    }
}
