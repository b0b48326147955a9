//! The server side of a SCRAM exchange.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::credentials::{Credentials, UnknownName};
use crate::outcome::{Refusal, RefusalReason, Step};
use crate::scram::hash::ScramHash;
use crate::scram::message::{ClientFinal, ClientFirst};

/// The server's part of an exchange's nonce: fresh randomness for every exchange.
#[derive(Clone, Debug)]
pub struct ServerNonce(String);

impl ServerNonce {
    /// A nonce of 192 random bits.
    #[must_use]
    pub fn from_random(bytes: [u8; 24]) -> Self {
        Self(BASE64_STANDARD.encode(bytes))
    }
}

#[derive(Debug)]
pub(crate) struct Exchange {
    hash: ScramHash,
    state: State,
}

#[derive(Debug)]
enum State {
    AwaitFirst(ServerNonce),
    AwaitFinal(Opened),
    Ended,
}

/// What the final message is judged by.
#[derive(Debug)]
struct Opened {
    username: String,
    acts_as_itself: bool,
    gs2_header: String,
    client_nonce: String,
    nonce: String,
    /// `client-first-message-bare "," server-first-message`
    signed_so_far: String,
}

impl Opened {
    /// Whether a final message's nonce is this exchange's. librdkafka before 2.6.1 (still what Debian and Ubuntu build kcat with)
    /// repeats its own nonce in front of it (librdkafka pull request 4895); the whole nonce is bound all the same.
    fn is_answered_by(&self, nonce: &str) -> bool {
        nonce == self.nonce || nonce.strip_prefix(self.client_nonce.as_str()) == Some(self.nonce.as_str())
    }
}

impl Exchange {
    pub(crate) fn new(hash: ScramHash, nonce: ServerNonce) -> Self {
        Self { hash, state: State::AwaitFirst(nonce) }
    }

    pub(crate) fn step(&mut self, token: &[u8], credentials: &Credentials) -> Step {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::AwaitFirst(nonce) => self.first(token, &nonce, credentials),
            State::AwaitFinal(opened) => self.finish(token, &opened, credentials),
            State::Ended => Step::malformed(RefusalReason::UnexpectedToken),
        }
    }

    fn first(&mut self, token: &[u8], server_nonce: &ServerNonce, credentials: &Credentials) -> Step {
        let first = match ClientFirst::parse(token) {
            Ok(first) => first,
            Err(reason) => return Step::malformed(reason),
        };
        let (salt, iterations) = credentials.challenge(self.hash, &first.username);
        let nonce = format!("{}{}", first.nonce, server_nonce.0);
        let challenge = format!("r={nonce},s={},i={iterations}", BASE64_STANDARD.encode(salt));
        let acts_as_itself = first.authorization_id.as_ref().is_none_or(|id| *id == first.username);
        self.state = State::AwaitFinal(Opened {
            acts_as_itself,
            gs2_header: first.gs2_header.to_owned(),
            client_nonce: first.nonce.to_owned(),
            nonce,
            signed_so_far: format!("{},{challenge}", first.bare),
            username: first.username,
        });
        Step::Challenge(challenge.into_bytes())
    }

    /// Judges the final message by the credential of *now*, so one that was revoked half-way does not get in.
    fn finish(&self, token: &[u8], opened: &Opened, credentials: &Credentials) -> Step {
        let refuse = |reason| Step::Refused(Refusal { username: Some(opened.username.clone()), reason });
        let message = match ClientFinal::parse(token) {
            Ok(message) => message,
            Err(reason) => return refuse(reason),
        };
        if !opened.is_answered_by(message.nonce) {
            return refuse(RefusalReason::Nonce);
        }
        if message.channel_binding != opened.gs2_header.as_bytes() {
            return refuse(RefusalReason::ChannelBinding);
        }
        let auth_message = format!("{},{}", opened.signed_so_far, message.without_proof);
        match credentials.proved(self.hash, &opened.username, &message.proof, auth_message.as_bytes()) {
            Err(UnknownName) => refuse(RefusalReason::UnknownUsername),
            Ok(None) => refuse(RefusalReason::WrongSecret),
            Ok(Some(_)) if !opened.acts_as_itself => refuse(RefusalReason::AuthorizationId),
            Ok(Some(proved)) => {
                let response = format!("v={}", BASE64_STANDARD.encode(proved.signature)).into_bytes();
                Step::Authenticated { response, authenticated: proved.authenticated }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoy::DecoyKey;

    /// The example of RFC 7677 section 3, its `StoredKey` and `ServerKey` computed from the password "pencil".
    #[test]
    fn the_exchange_of_rfc_7677_is_reproduced() {
        let credentials =
            Credentials::parse(RFC_7677_CREDENTIALS.as_bytes(), DecoyKey::new([7; 32])).unwrap();
        let nonce = ServerNonce("%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0".to_owned());
        let mut exchange = Exchange::new(ScramHash::Sha256, nonce);

        let challenge = exchange.step(b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO", &credentials);
        let expected =
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        assert_eq!(challenge, Step::Challenge(expected.as_bytes().to_vec()));

        let last = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
        let Step::Authenticated { response, authenticated } = exchange.step(last.as_bytes(), &credentials)
        else {
            panic!("the proof of the RFC was refused");
        };
        assert_eq!(response, b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        assert_eq!(authenticated.principal, "User:user");
        assert_eq!(
            exchange.step(last.as_bytes(), &credentials),
            Step::malformed(RefusalReason::UnexpectedToken)
        );
    }

    #[test]
    fn a_nonce_answers_when_it_is_whole_and_may_follow_a_repeated_client_nonce() {
        let opened = Opened {
            username: "user".to_owned(),
            acts_as_itself: true,
            gs2_header: "n,,".to_owned(),
            client_nonce: "client".to_owned(),
            nonce: "clientserver".to_owned(),
            signed_so_far: String::new(),
        };
        assert!(opened.is_answered_by("clientserver"));
        assert!(opened.is_answered_by("clientclientserver"));
        for wrong in ["", "client", "server", "clientserve", "otherclientserver", "clientclientclientserver"]
        {
            assert!(!opened.is_answered_by(wrong), "{wrong}");
        }
    }

    const RFC_7677_CREDENTIALS: &str = r#"{"format": 1, "generation": 1, "credentials": [{
        "username": "user", "principal": "User:user",
        "plain": {"salt": "AAAAAAAAAAAAAAAAAAAAAA==", "hmac_sha256": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
        "scram_sha_256": {"salt": "W22ZaJ0SNY7soEsUEjb6gQ==", "iterations": 4096,
            "stored_key": "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=", "server_key": "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="},
        "scram_sha_512": {"salt": "AAAAAAAAAAAAAAAAAAAAAA==", "iterations": 4096,
            "stored_key": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
            "server_key": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="}
    }]}"#;
}
