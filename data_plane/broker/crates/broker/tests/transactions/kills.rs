//! `kill -9` between any two steps of a transaction over several topics and a group: all of it holds afterwards, or nothing does.

use crate::{
    calls::{Writer, committed, fetch_committed, read_committed},
    storage::create,
    support::{Broker, Client},
};

const STEPS: usize = 6;

/// One transaction over two topics, three partitions and a group; stops after `steps`.
fn run(client: &mut Client, writer: &mut Writer, steps: usize, is_commit: bool) {
    let places = [("a", 0), ("a", 1), ("b", 0)];
    for (step, (topic, partition)) in places.into_iter().enumerate() {
        if step < steps {
            writer.put(client, topic, partition, "value");
        }
    }
    if steps > 3 && !writer.is_v2 {
        assert_eq!(writer.add_offsets(client, "g"), Some(0));
    }
    if steps > 4 {
        assert_eq!(writer.commit_offset(client, "g", "a", 7), Some(0));
    }
    if steps > 5 {
        assert_eq!(writer.end(client, is_commit), Some(0));
    }
}

fn seen(client: &mut Client) -> (Vec<usize>, i64) {
    let places = [("a", 0), ("a", 1), ("b", 0)];
    let counts = places.map(|(topic, partition)| read_committed(client, topic, partition).len()).to_vec();
    (counts, committed(client, "g", "a", false).1)
}

/// The producer goes on after the kill, whatever it had done before, and what it then ends counts as a whole.
#[test]
fn a_producer_goes_on_after_a_kill_at_any_step() {
    for is_v2 in [false, true] {
        for steps in 0..STEPS {
            let broker = Broker::dev();
            let mut client = broker.connect();
            create(&mut client, "a", 2, &[]);
            create(&mut client, "b", 1, &[]);
            let mut writer = Writer::new(&mut client, "tx", is_v2);
            run(&mut client, &mut writer, steps, true);
            let broker = Broker::dev_in(broker.kill());
            let mut client = broker.connect();
            assert_eq!(seen(&mut client), (vec![0, 0, 0], -1), "nothing has ended, {steps} steps");
            writer.put(&mut client, "b", 0, "value");
            assert_eq!(writer.end(&mut client, true), Some(0), "{steps} steps, second protocol: {is_v2}");
            let expected: Vec<usize> =
                vec![usize::from(steps > 0), usize::from(steps > 1), usize::from(steps > 2) + 1];
            assert_eq!(seen(&mut client), (expected, if steps > 4 { 7 } else { -1 }));
        }
    }
}

/// The end is sent and the broker killed at once, at whatever point of carrying it out.
#[test]
fn an_end_that_was_sent_holds_everywhere_or_nowhere() {
    let mut outcomes = [0, 0];
    for round in 0..16u32 {
        let is_v2 = round % 2 == 0;
        let is_commit = round % 4 < 2;
        let broker = Broker::dev();
        let mut client = broker.connect();
        create(&mut client, "a", 2, &[]);
        create(&mut client, "b", 1, &[]);
        let mut writer = Writer::new(&mut client, "tx", is_v2);
        run(&mut client, &mut writer, 5, is_commit);
        let mut ending = writer.clone();
        let sender = std::thread::spawn(move || ending.end(&mut client, is_commit));
        std::thread::sleep(std::time::Duration::from_micros(u64::from(round) * 400));
        let broker = Broker::dev_in(broker.kill());
        let answer = sender.join().unwrap();
        let mut client = broker.connect();
        // Taking the id over ends what was not decided.
        let _ = Writer::new(&mut client, "tx", is_v2);
        let found = seen(&mut client);
        let (all, nothing) = ((vec![1, 1, 1], 7), (vec![0, 0, 0], -1));
        assert!(found == all || found == nothing, "{found:?} in round {round}");
        if answer == Some(0) {
            assert_eq!(found, if is_commit { all.clone() } else { nothing.clone() }, "round {round}");
        }
        if !is_commit {
            assert_eq!(found, nothing, "round {round}");
        }
        for (topic, partition) in [("a", 0), ("a", 1), ("b", 0)] {
            let row = fetch_committed(&mut client, topic, partition, 0);
            assert_eq!(row.last_stable_offset, row.high_watermark, "nothing hangs, round {round}");
        }
        outcomes[usize::from(found == all)] += 1;
    }
    assert!(outcomes[0] > 0, "{outcomes:?}");
}
