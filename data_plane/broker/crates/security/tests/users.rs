//! SCRAM users beside API keys.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can not be set up has failed")]

mod support;

use headrace_security::{
    Credentials, ScramMechanism, ScramUsers, Step, UserProblem, check_user_name, limits::SCRAM_USERS_MAX,
};
use support::{connection, credentials, verifiers};

const SALT: &[u8] = b"a salt of 20 bytes..";
const SALTED: [u8; 32] = [9; 32];

fn users() -> Credentials {
    credentials(&[("hk_1", "one")])
}

fn with_user(name: &str) -> ScramUsers {
    let mut set = ScramUsers::default();
    set.upsert(name, ScramMechanism::Sha256, 4096, SALT, &SALTED).unwrap();
    set
}

/// Salt and iterations that a name is challenged with.
fn challenge(credentials: &Credentials, mechanism: &str, name: &str) -> String {
    let mut connection = connection(mechanism);
    let first = format!("n,,n={name},r=abc");
    match connection.authenticate(first.as_bytes(), verifiers(credentials)) {
        Step::Challenge(bytes) => String::from_utf8(bytes).unwrap().split_once(",s=").unwrap().1.to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn names_of_the_service_are_not_given_away() {
    for name in ["hk_1", "hk_", "u_1", "control-plane", "ANONYMOUS", "unknown", "other"] {
        assert_eq!(check_user_name(name), Err(UserProblem::Reserved), "{name}");
        let made = ScramUsers::default().upsert(name, ScramMechanism::Sha256, 4096, SALT, &SALTED);
        assert_eq!(made, Err(UserProblem::Reserved), "{name}");
    }
    for name in ["", "a\0b", &"n".repeat(256)] {
        assert_eq!(check_user_name(name), Err(UserProblem::Name), "{name:?}");
    }
    assert_eq!(check_user_name("alice,=\u{e9}"), Ok(()));
}

#[test]
fn what_can_not_be_used_is_told_apart() {
    let upsert = |iterations, salt: &[u8], password: &[u8]| {
        ScramUsers::default().upsert("alice", ScramMechanism::Sha256, iterations, salt, password)
    };
    assert_eq!(upsert(4_095, SALT, &SALTED), Err(UserProblem::Iterations));
    assert_eq!(upsert(4_096, SALT, &SALTED), Ok(()));
    assert_eq!(upsert(16_384, SALT, &SALTED), Ok(()));
    assert_eq!(upsert(16_385, SALT, &SALTED), Err(UserProblem::Iterations));
    assert_eq!(upsert(8_192, &SALT[..7], &SALTED), Err(UserProblem::Salt));
    assert_eq!(upsert(8_192, &[1; 65], &SALTED), Err(UserProblem::Salt));
    assert_eq!(upsert(8_192, SALT, &SALTED[..31]), Err(UserProblem::Password));
}

#[test]
fn users_are_limited_and_known_ones_still_change() {
    let mut set = ScramUsers::default();
    for number in 0..SCRAM_USERS_MAX {
        set.upsert(&number.to_string(), ScramMechanism::Sha256, 4096, SALT, &SALTED).unwrap();
    }
    let over = set.upsert("more", ScramMechanism::Sha256, 4096, SALT, &SALTED);
    assert_eq!(over, Err(UserProblem::TooMany));
    set.upsert("7", ScramMechanism::Sha512, 4096, SALT, &[1; 64]).unwrap();
    set.remove("8", ScramMechanism::Sha256);
    set.upsert("more", ScramMechanism::Sha256, 4096, SALT, &SALTED).unwrap();
}

#[test]
fn sets_come_back_from_their_bytes_and_keep_no_password() {
    let mut set = with_user("alice");
    set.upsert("alice", ScramMechanism::Sha512, 8192, SALT, &[5; 64]).unwrap();
    let bytes = set.encode().unwrap();
    assert!(!bytes.windows(32).any(|window| window == SALTED));
    let back = ScramUsers::decode(&bytes).unwrap();
    assert_eq!(back.get("alice"), Some(vec![(ScramMechanism::Sha256, 4096), (ScramMechanism::Sha512, 8192)]));
    let shadowing = String::from_utf8(bytes).unwrap().replace("alice", "hk_1");
    assert!(ScramUsers::decode(shadowing.as_bytes()).is_err(), "no file gives a key's name to a user");
}

#[test]
fn a_user_is_challenged_with_its_own_salt_by_its_own_mechanism_alone() {
    let credentials = users().with_users(with_user("alice"));
    assert!(challenge(&credentials, "SCRAM-SHA-256", "alice").ends_with(",i=4096"));
    let by_other = challenge(&credentials, "SCRAM-SHA-512", "alice");
    assert_eq!(by_other, challenge(&users(), "SCRAM-SHA-512", "alice"), "as a name that is unknown");
}

#[test]
fn keys_are_not_shadowed_by_users() {
    let keys = users();
    let both = users().with_users(with_user("alice"));
    assert_eq!(challenge(&keys, "SCRAM-SHA-256", "hk_1"), challenge(&both, "SCRAM-SHA-256", "hk_1"));
}

/// Salts and iterations of users are their makers' choice, so unknown names must show every choice that occurs.
#[test]
fn unknown_names_look_like_everything_that_there_is() {
    let credentials = users().with_users(with_user("alice"));
    let looks = |name: &str| {
        let shown = challenge(&credentials, "SCRAM-SHA-256", name);
        let (salt, iterations) = shown.split_once(",i=").unwrap();
        (salt.len(), iterations.to_owned())
    };
    let known: std::collections::BTreeSet<_> = ["alice", "hk_1"].map(looks).into();
    let unknown: std::collections::BTreeSet<_> =
        (0..64).map(|number| looks(&format!("nobody-{number}"))).collect();
    assert_eq!(known.len(), 2);
    assert_eq!(unknown, known);
    assert_eq!(looks("nobody-1"), looks("nobody-1"));
}
