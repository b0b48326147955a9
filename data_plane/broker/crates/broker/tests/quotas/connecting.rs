//! Connections a second, of an address and of the cluster.

use serde_json::json;

use crate::{
    calls::{alter, is_counted, login},
    support::{Broker, Client},
};

/// What may be used of a rate at once: ten seconds of it, and the one that overdraws it.
const BURST: usize = 11;

fn is_served(client: &mut Client) -> bool {
    client.send_frame(&[0, 18, 0, 0, 0, 0, 0, 1, 0, 1, b'c']);
    client.read_frame().is_some()
}

/// How many of so many connections are served that are made at once.
fn served_of(broker: &Broker, count: usize) -> usize {
    let mut clients: Vec<Client> = (0..count).map(|_| broker.connect()).collect();
    clients.iter_mut().map(is_served).filter(|served| *served).count()
}

#[test]
fn an_address_that_connects_too_often_is_refused() {
    let broker = Broker::with_logins(|_| ());
    let mut client = login(&broker, "one");
    alter(&mut client, &[("ip", Some("127.0.0.1"))], "connection_creation_rate", Some(1.0));
    assert!((BURST..BURST + 5).contains(&served_of(&broker, BURST + 5)));
    assert!(is_counted(&broker, "connection_creation_rate", "client"));
    // Lifted by who is connected, the next connection is taken again.
    alter(&mut client, &[("ip", Some("127.0.0.1"))], "connection_creation_rate", None);
    assert!(is_served(&mut broker.connect()));
}

#[test]
fn a_cluster_that_is_connected_to_too_often_lets_in_who_was_quiet() {
    let broker = Broker::with_logins(|config| {
        config["limits"] =
            json!({"connections_per_second_max": 1, "connections_per_address_per_second_max": 100});
    });
    assert!((BURST..BURST + 5).contains(&served_of(&broker, BURST + 5)));
    assert!(is_counted(&broker, "connection_creation_rate", "plan"));
    let mut quiet = Client::connect_from("127.0.0.2", broker.address);
    assert!(is_served(&mut quiet), "the address that did not flood is let in");
}
