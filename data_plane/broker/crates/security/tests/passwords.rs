//! PLAIN and SCRAM: right, wrong, unknown, replayed, truncated and random.

mod support;

use headrace_security::{Authenticated, Credentials, RefusalReason, Step};
use proptest::prelude::*;
use support::{
    Hash, SHA_256, SHA_512, ScramClient, challenge, connection, credential, credentials, credentials_file,
    parse, rotated, verifiers,
};

fn users() -> Credentials {
    credentials(&[("hk_1", "one"), ("we,ird=name", "two")])
}

fn plain(message: &[u8]) -> Step {
    connection("PLAIN").authenticate(message, verifiers(&users()))
}

fn reason(step: Step) -> RefusalReason {
    match step {
        Step::Refused(refusal) => refusal.reason,
        other => panic!("a refusal was expected, not {other:?}"),
    }
}

/// Runs a whole exchange; answers the last step and the server signature that the client expects.
fn scram(client: &ScramClient, hash: Hash, users: &Credentials) -> (Step, String) {
    let mut connection = connection(hash.mechanism);
    let challenge = challenge(connection.authenticate(client.first().as_bytes(), verifiers(users)));
    let (last, expected) = client.last(&challenge);
    (connection.authenticate(last.as_bytes(), verifiers(users)), expected)
}

#[test]
fn plain_takes_the_right_secret_only() {
    assert!(matches!(plain(b"\0hk_1\0one"), Step::Authenticated { authenticated, .. }
        if authenticated.principal == "User:hk_1" && authenticated.credential_id.as_deref() == Some("hk_1")));
    assert!(matches!(plain(b"hk_1\0hk_1\0one"), Step::Authenticated { .. }));
    assert_eq!(reason(plain(b"\0hk_1\0two")), RefusalReason::WrongSecret);
    assert_eq!(reason(plain(b"\0hk_9\0one")), RefusalReason::UnknownUsername);
    assert_eq!(reason(plain(b"root\0hk_1\0one")), RefusalReason::AuthorizationId);
}

#[test]
fn plain_refuses_malformed_messages() {
    for message in [&b""[..], b"hk_1", b"\0hk_1", b"\0hk_1\0", b"\0\0one", b"\0hk_1\0one\0", b"\0hk_1\0\xff"]
    {
        assert_eq!(reason(plain(message)), RefusalReason::Malformed("PLAIN"), "{message:?}");
    }
    assert_eq!(reason(plain(&[b'a'; 4096])), RefusalReason::TooLong(4096));
}

#[test]
fn scram_takes_the_right_secret_and_proves_the_server() {
    let users = users();
    for hash in [SHA_256, SHA_512] {
        for (username, secret) in [("hk_1", "one"), ("we,ird=name", "two")] {
            let (step, expected) = scram(&ScramClient::new(hash, username, secret), hash, &users);
            let Step::Authenticated { response, authenticated } = step else { panic!("refused: {step:?}") };
            assert_eq!(response, expected.as_bytes());
            assert_eq!(authenticated.principal, format!("User:{username}"));
        }
    }
}

#[test]
fn scram_takes_a_client_that_could_bind_to_the_channel() {
    let client = ScramClient::new(SHA_512, "hk_1", "one").with_header("y,,");
    assert!(matches!(scram(&client, SHA_512, &users()).0, Step::Authenticated { .. }));
}

#[test]
fn scram_refuses_wrong_secrets_and_other_authorization_ids() {
    let users = users();
    let wrong = ScramClient::new(SHA_512, "hk_1", "two");
    assert_eq!(reason(scram(&wrong, SHA_512, &users).0), RefusalReason::WrongSecret);
    let other = ScramClient::new(SHA_512, "hk_1", "one").with_header("n,a=root,");
    assert_eq!(reason(scram(&other, SHA_512, &users).0), RefusalReason::AuthorizationId);
}

#[test]
fn an_unknown_name_is_challenged_like_a_known_one_and_always_with_the_same_salt() {
    let users = users();
    let ask = |name| {
        let first = ScramClient::new(SHA_256, name, "one").first();
        String::from_utf8(challenge(
            connection("SCRAM-SHA-256").authenticate(first.as_bytes(), verifiers(&users)),
        ))
        .unwrap()
    };
    let known = ask("hk_1");
    let unknown = ask("hk_unknown");
    assert_eq!(unknown, ask("hk_unknown"));
    assert_ne!(unknown, ask("hk_other"));
    assert_eq!(unknown.len(), known.len());
    assert_eq!(unknown.rsplit(',').next(), known.rsplit(',').next());
    let (step, _) = scram(&ScramClient::new(SHA_256, "hk_unknown", "one"), SHA_256, &users);
    assert_eq!(reason(step), RefusalReason::UnknownUsername);
}

#[test]
fn a_final_message_of_another_exchange_is_refused() {
    let users = users();
    let client = ScramClient::new(SHA_256, "hk_1", "one");
    let mut first = connection("SCRAM-SHA-256");
    let (recorded, _) =
        client.last(&challenge(first.authenticate(client.first().as_bytes(), verifiers(&users))));

    let mut second = headrace_security::Authentication::new(vec![headrace_security::Mechanism::ScramSha256]);
    second.handshake("SCRAM-SHA-256", headrace_security::TokenFraming::Request, support::nonce(2)).unwrap();
    challenge(second.authenticate(client.first().as_bytes(), verifiers(&users)));
    assert_eq!(reason(second.authenticate(recorded.as_bytes(), verifiers(&users))), RefusalReason::Nonce);
}

#[test]
fn a_changed_channel_binding_is_refused() {
    let users = users();
    let mut connection = connection("SCRAM-SHA-256");
    let client = ScramClient::new(SHA_256, "hk_1", "one");
    let challenge = challenge(connection.authenticate(client.first().as_bytes(), verifiers(&users)));
    let downgraded = client.with_header("y,,");
    let (last, _) = downgraded.last(&challenge);
    assert_eq!(
        reason(connection.authenticate(last.as_bytes(), verifiers(&users))),
        RefusalReason::ChannelBinding
    );
}

#[test]
fn a_credential_revoked_between_the_two_messages_is_refused() {
    let before = users();
    let after = credentials(&[("hk_2", "one")]);
    let client = ScramClient::new(SHA_512, "hk_1", "one");
    let mut connection = connection("SCRAM-SHA-512");
    let challenge = challenge(connection.authenticate(client.first().as_bytes(), verifiers(&before)));
    let (last, _) = client.last(&challenge);
    assert_eq!(
        reason(connection.authenticate(last.as_bytes(), verifiers(&after))),
        RefusalReason::UnknownUsername
    );
}

/// Whom a secret makes the client, by each mechanism; none where it is refused.
fn identities(users: &Credentials, secret: &str) -> Vec<Option<Authenticated>> {
    let by_plain = connection("PLAIN").authenticate(format!("\0hk_1\0{secret}").as_bytes(), verifiers(users));
    let by_scram = |hash| {
        let (step, expected) = scram(&ScramClient::new(hash, "hk_1", secret), hash, users);
        if let Step::Authenticated { response, .. } = &step {
            assert_eq!(*response, expected.as_bytes(), "the server proves itself by the same secret");
        }
        step
    };
    let identity = |step| match step {
        Step::Authenticated { authenticated, .. } => Some(authenticated),
        Step::Refused(refusal) => {
            assert_eq!(refusal.reason, RefusalReason::WrongSecret);
            None
        }
        Step::Challenge(_) => panic!("the exchange is over"),
    };
    [by_plain, by_scram(SHA_256), by_scram(SHA_512)].map(identity).into()
}

#[test]
fn two_secrets_of_a_key_work_side_by_side_and_an_identity_ends_with_its_own() {
    let before = parse(&credentials_file(&[credential("hk_1", "old")])).unwrap();
    let both = parse(&credentials_file(&[rotated("hk_1", "old", "new")])).unwrap();
    let after = parse(&credentials_file(&[credential("hk_1", "new")])).unwrap();
    let known = |users: &Credentials, secret: &str| identities(users, secret).iter().flatten().count();
    assert_eq!([known(&before, "old"), known(&before, "new")], [3, 0]);
    assert_eq!([known(&both, "old"), known(&both, "new"), known(&both, "other")], [3, 3, 0]);
    assert_eq!([known(&after, "old"), known(&after, "new")], [0, 3]);
    for earlier in identities(&before, "old").into_iter().chain(identities(&both, "old")).flatten() {
        assert!(before.uphold(&earlier) && both.uphold(&earlier) && !after.uphold(&earlier));
    }
    for later in identities(&both, "new").into_iter().flatten() {
        assert!(!before.uphold(&later) && both.uphold(&later) && after.uphold(&later));
    }
}

proptest! {
    #[test]
    fn random_tokens_authenticate_nobody_and_crash_nothing(
        tokens in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..4),
        mechanism in prop::sample::select(vec!["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]),
    ) {
        let users = users();
        let mut connection = connection(mechanism);
        for token in tokens {
            let authenticated = matches!(connection.authenticate(&token, verifiers(&users)), Step::Authenticated { .. });
            prop_assert!(!authenticated);
        }
    }

    #[test]
    fn a_message_cut_or_changed_anywhere_authenticates_nobody(
        cut in any::<prop::sample::Index>(),
        flip in 1u8..=255,
        truncate in any::<bool>(),
    ) {
        let users = users();
        let client = ScramClient::new(SHA_256, "hk_1", "one");
        let mut connection = connection("SCRAM-SHA-256");
        let challenge = challenge(connection.authenticate(client.first().as_bytes(), verifiers(&users)));
        let mut last = client.last(&challenge).0.into_bytes();
        let place = cut.index(last.len());
        if truncate { last.truncate(place) } else { last[place] ^= flip }
        prop_assert!(matches!(connection.authenticate(&last, verifiers(&users)), Step::Refused(_)));
    }
}
