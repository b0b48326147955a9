//! Where clients may come from, and who makes place.

use serde_json::json;

use crate::{
    calls::{is_served, login, metric},
    support::{Broker, Client},
};

#[test]
fn clients_come_from_allowed_networks_alone() {
    let broker = Broker::open_so_far(&json!({"allowed_networks": ["127.0.0.2", "127.1.0.0/16"]}), |_| ());
    let serves = |source: &str| {
        let mut client = Client::connect_from(source, broker.address);
        client.send_frame(&[0, 18, 0, 0, 0, 0, 0, 1, 0, 1, b'c']);
        client.read_frame().is_some()
    };
    assert!(serves("127.0.0.2") && serves("127.1.200.3"));
    assert!(!serves("127.0.0.1") && !serves("127.0.0.3") && !serves("127.2.0.1"));
    assert_eq!(metric(&broker, "connections_refused_total{reason=\"network_not_allowed\"}"), 3);
}

#[test]
fn a_network_that_is_taken_away_ends_its_open_connections_and_no_others() {
    let broker = Broker::with_logins(|_| ());
    let login_from = |source: &str| {
        let mut client = Client::connect_from(source, broker.address);
        assert_eq!(client.login("hk_one", "secret-one"), 0);
        client
    };
    let (mut kept, mut ended) = (login_from("127.0.0.2"), login_from("127.0.0.3"));
    let mut silent = Client::connect_from("127.0.0.3", broker.address);
    // What is served has been taken: a connection in the backlog would be refused instead.
    silent.send_frame(&[0, 18, 0, 0, 0, 0, 0, 1, 0, 1, b'c']);
    assert!(silent.read_frame().is_some());
    broker.open_to(&json!({"allowed_networks": ["127.0.0.2"]}));
    ended.assert_closed();
    silent.assert_closed();
    assert!(is_served(&mut kept));
    assert_eq!(metric(&broker, "connections_closed_total{reason=\"network_not_allowed\"}"), 2);
    Client::connect_from("127.0.0.3", broker.address).assert_closed();
    broker.open_to(&json!({}));
    assert!(is_served(&mut login_from("127.0.0.3")));
    assert!(is_served(&mut kept));
}

#[test]
fn silent_clients_make_place_for_those_that_log_in() {
    let broker = Broker::with_logins(|config| config["limits"] = json!({"connections_max": 8}));
    let mut good = login(&broker, "one");
    let mut silent: Vec<Client> = (0..4).map(|_| Client::connect_from("127.0.0.9", broker.address)).collect();
    assert!(is_served(&mut login(&broker, "two")), "the one more makes the oldest silent one go");
    silent[0].assert_closed();
    assert!(is_served(&mut good), "who has logged in is not concerned");
    assert_eq!(metric(&broker, "connections_closed_total{reason=\"login_displaced\"}"), 1);
    assert_eq!(metric(&broker, "connections_before_login"), 3);
}

#[test]
fn connections_are_limited_under_at_and_over() {
    let broker = Broker::with_logins(|config| {
        config["limits"] = json!({"connections_max": 3, "connections_per_address_max": 2});
    });
    let mut open = vec![login(&broker, "one"), login(&broker, "one")];
    let mut over = broker.connect();
    over.send_frame(&[0, 18, 0, 0, 0, 0, 0, 1, 0, 1, b'c']);
    over.assert_closed();
    assert_eq!(metric(&broker, "connections_refused_total{reason=\"connections_per_address_max\"}"), 1);
    let mut other = Client::connect_from("127.0.0.2", broker.address);
    assert_eq!(other.login("hk_two", "secret-two"), 0);
    open.push(other);
    Client::connect_from("127.0.0.3", broker.address).assert_closed();
    assert_eq!(metric(&broker, "connections_refused_total{reason=\"connections_max\"}"), 1);
    assert!(open.iter_mut().all(is_served));
}
