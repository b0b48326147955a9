//! Reads that wait for the disk, beside those who wait for syncs.

use std::{
    rc::Rc,
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{task::spawn_local, try_join};

use super::{Setup, append, create, partition, run};
use crate::limits::{COLD_READ_AHEAD_BYTES, SYNCS_EXPECTED_FOR};

#[test]
fn while_producers_are_about_one_reads_after_the_other_and_nothing_ahead() {
    let setup = Setup::new();
    run(async {
        let topics = setup.open();
        spawn_local(Rc::clone(&topics).keep_durable());
        let log = partition(create(&topics, "t"));
        assert_eq!(append(&topics, log, 100).await, Ok(0));
        assert_eq!(topics.bytes_ahead(), 0);
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let reads = (0..8).map(|_| {
            let (topics, running, most) = (Rc::clone(&topics), Arc::clone(&running), Arc::clone(&most));
            let read = move || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::yield_now();
                running.fetch_sub(1, Ordering::SeqCst);
            };
            spawn_local(async move { topics.run_cold(read).await })
        });
        for read in reads.collect::<Vec<_>>() {
            read.await.unwrap();
        }
        assert_eq!(most.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn once_no_syncs_are_expected_reads_run_side_by_side_and_ahead() {
    let setup = Setup::new();
    run(async {
        let topics = setup.open();
        spawn_local(Rc::clone(&topics).keep_durable());
        let log = partition(create(&topics, "t"));
        assert_eq!(append(&topics, log, 100).await, Ok(0));
        setup.clock.advance(2 * SYNCS_EXPECTED_FOR);
        assert_eq!(topics.bytes_ahead(), COLD_READ_AHEAD_BYTES);
        // Neither ends before the other has begun.
        let both = Arc::new(Barrier::new(2));
        let read = || {
            let (topics, both) = (Rc::clone(&topics), Arc::clone(&both));
            spawn_local(async move { topics.run_cold(move || both.wait()).await })
        };
        try_join!(read(), read()).unwrap();
    });
}
