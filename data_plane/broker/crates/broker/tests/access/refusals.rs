//! Refused logins wait longer and longer, by address and by name, and right ones never do.

use crate::{
    calls::{is_served, metric},
    sasl::{self, SHA_256, SHA_512, ScramClient},
    support::{Broker, Client},
};

const REFUSED: i16 = 58;
/// Refusals that wait no longer than the first.
const FORGIVEN: usize = 5;

/// How much longer than the first the refusals so far have waited, in milliseconds, and how many did.
fn delays(broker: &Broker) -> (u64, u64) {
    (metric(broker, "logins_delayed_milliseconds_total"), metric(broker, "logins_delayed_total"))
}

/// A client at this address that has asked to log in and has not read the answer.
fn asking(broker: &Broker, address: &str, name: &str, secret: &str) -> Client {
    let mut client = Client::connect_from(address, broker.address);
    assert_eq!(client.handshake("PLAIN", 1).error_code, 0);
    let refused = metric(broker, "logins_refused_total");
    let token = format!("\0{name}\0{secret}").into_bytes();
    let request = headrace_protocol::messages::SaslAuthenticateRequest { auth_bytes: token.into() };
    client.request(&request, 2);
    // Counted before it waits: the next one comes after it.
    while metric(broker, "logins_refused_total") == refused {
        std::thread::yield_now();
    }
    client
}

/// Makes so many refusals side by side, each counted before the next one comes.
fn refuse(broker: &Broker, count: usize, of: impl Fn(usize) -> (String, String)) -> Vec<Client> {
    (0..count)
        .map(|number| {
            let (address, name) = of(number);
            asking(broker, &address, &name, "wrong")
        })
        .collect()
}

fn login_from(broker: &Broker, address: &str, name: &str, secret: &str) -> (Client, i16) {
    let mut client = Client::connect_from(address, broker.address);
    let error = client.login(name, secret);
    (client, error)
}

#[test]
fn refusals_of_an_address_wait_longer_beyond_those_that_are_forgiven_up_to_a_limit() {
    let broker = Broker::with_logins(|_| ());
    // Each under another name that nobody has: only the address is the same.
    let guess = |number: usize| ("127.0.0.2".to_owned(), format!("hk_guess{number}"));
    let mut asked = refuse(&broker, FORGIVEN, guess);
    assert_eq!(delays(&broker), (0, 0), "at what is forgiven");
    asked.extend(refuse(&broker, 1, guess));
    assert_eq!(delays(&broker), (200, 1), "over it");
    asked.extend(refuse(&broker, 6, guess));
    assert_eq!(delays(&broker), (200 + 400 + 800 + 1600 + 3200 + 5000 + 5000, 7), "and no longer than 5 s");
    // Whoever has the right secret waits for nobody, at that address as elsewhere.
    for address in ["127.0.0.2", "127.0.0.3"] {
        let (mut good, error) = login_from(&broker, address, "hk_one", "secret-one");
        assert_eq!(error, 0);
        assert!(is_served(&mut good));
    }
    assert_eq!(login_from(&broker, "127.0.0.3", "hk_one", "wrong").1, REFUSED);
    assert_eq!(delays(&broker).1, 7, "another address and name wait as ever");
    // Those that were forgiven are answered soon, each as refused, and then closed.
    for client in &mut asked[..FORGIVEN] {
        let answer = client.read_frame().unwrap();
        assert_eq!(answer[5..7], REFUSED.to_be_bytes(), "behind the correlation id and no tags");
        client.assert_closed();
    }
}

#[test]
fn refusals_under_a_name_wait_longer_wherever_they_come_from_and_whether_or_not_there_is_such_a_name() {
    let broker = Broker::with_logins(|_| ());
    let mut waited = Vec::new();
    for (network, name) in [(1, "hk_one"), (2, "hk_nobody")] {
        let before = delays(&broker);
        let asked = refuse(&broker, FORGIVEN + 3, |number| {
            (format!("127.0.{network}.{}", number + 1), name.to_owned())
        });
        let after = delays(&broker);
        waited.push((asked.len(), after.0 - before.0, after.1 - before.1));
    }
    assert_eq!(waited[0], (FORGIVEN + 3, 200 + 400 + 800, 3));
    assert_eq!(waited[0], waited[1], "a name that nobody has is not told from one that somebody has");
}

#[test]
fn whoever_gets_it_right_in_the_end_begins_anew_and_helps_nobody_else() {
    let broker = Broker::with_logins(|_| ());
    let own = |_| ("127.0.0.2".to_owned(), "hk_one".to_owned());
    let stranger = |_| ("127.0.0.9".to_owned(), "hk_two".to_owned());
    let _mistyped = refuse(&broker, FORGIVEN, own);
    assert_eq!(login_from(&broker, "127.0.0.2", "hk_one", "secret-one").1, 0);
    let _again = refuse(&broker, FORGIVEN, own);
    assert_eq!(delays(&broker), (0, 0), "as if nothing had been");
    let _more = refuse(&broker, 1, own);
    assert_eq!(delays(&broker), (200, 1), "a success is not for ever");
    // Who guesses gains nothing by the owner's logins, nor by those of a key of his own.
    let _guessed = refuse(&broker, FORGIVEN, stranger);
    assert_eq!(login_from(&broker, "127.0.0.3", "hk_two", "secret-two").1, 0);
    assert_eq!(login_from(&broker, "127.0.0.9", "hk_one", "secret-one").1, 0);
    let _goes_on = refuse(&broker, 1, stranger);
    assert_eq!(delays(&broker), (400, 2));
}

#[test]
fn a_name_that_nobody_has_costs_a_client_and_the_broker_the_same_steps() {
    let broker = Broker::with_logins(|config| {
        let directory = std::path::Path::new(config["data_dir"].as_str().unwrap());
        let keys =
            [sasl::credential("hk_one", "secret-one"), sasl::rotated("hk_two", "secret-old", "secret-two")];
        let file = sasl::credentials_file(&keys).to_string();
        std::fs::write(directory.join("credentials.json"), file).unwrap();
    });
    for hash in [SHA_256, SHA_512] {
        let told = ["hk_one", "hk_two", "hk_nobody"].map(|name| {
            let mut client = broker.connect();
            assert_eq!(client.handshake(hash.mechanism, 1).error_code, 0);
            let login = ScramClient::new(hash, name, "wrong");
            let challenge = client.authenticate(login.first().as_bytes());
            let shape = (challenge.error_code, challenge.auth_bytes.len());
            let (last, _) = login.last(&challenge.auth_bytes);
            let refusal = client.authenticate(last.as_bytes());
            let told = (refusal.error_code, refusal.error_message.map(std::borrow::Cow::into_owned));
            assert!(refusal.auth_bytes.is_empty());
            client.assert_closed();
            (shape, told)
        });
        assert_eq!(told[0].1.0, REFUSED);
        assert!(told.iter().all(|one| *one == told[0]), "{told:?}");
    }
}
