//! The storage on a simulated disk: one seed decides every step, every loss and every fault, a reference model judges, and bugs
//! that are let out of the museum must be found.
//!
//! `HEADRACE_SIMULATION_STEPS` and `HEADRACE_SIMULATION_SEED` make it longer (`make simulation`).

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests lie outside #[test] functions"
)]

mod model;
mod run;
mod store;

use std::panic::{AssertUnwindSafe, catch_unwind};

use headrace_log::museum::{BUGS, Bug, let_out};

use crate::run::Run;

/// Steps of the short run in `make test`.
const STEPS: u64 = 20_000;
/// Steps after which a run begins anew on an empty disk.
const STEPS_PER_DISK: u64 = 2_000;
/// Disks on which a bug may hide before it counts as not found.
const DISKS_PER_BUG: u64 = 40;
const SEED: u64 = 20_261_130;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// One disk from its first step to its last; what happened, as one number.
fn trace_of(seed: u64, steps: u64) -> u32 {
    let mut run = Run::new(seed);
    for _ in 0..steps {
        run.step();
    }
    run.finish_all()
}

#[test]
fn nothing_that_was_acknowledged_is_lost_or_wrong() {
    let steps = setting("HEADRACE_SIMULATION_STEPS", STEPS);
    let seed = setting("HEADRACE_SIMULATION_SEED", SEED);
    for number in 0..steps.div_ceil(STEPS_PER_DISK) {
        let seed = seed + number;
        let found = catch_unwind(|| trace_of(seed, STEPS_PER_DISK.min(steps)));
        assert!(
            found.is_ok(),
            "HEADRACE_SIMULATION_SEED={seed} HEADRACE_SIMULATION_STEPS={STEPS_PER_DISK} shows it"
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let traces = [1, 2, 1].map(|seed| trace_of(seed, STEPS_PER_DISK));
    assert_eq!(traces[0], traces[2]);
    assert_ne!(traces[0], traces[1]);
}

#[test]
fn every_bug_of_the_museum_is_found() {
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let found: Vec<(Bug, Option<u64>)> = BUGS.map(|bug| (bug, disks_until_found(bug))).to_vec();
    std::panic::set_hook(quiet);
    let escaped: Vec<_> = found.iter().filter(|(_, disks)| disks.is_none()).collect();
    assert!(escaped.is_empty(), "not found: {escaped:?}; disks until found: {found:?}");
}

fn disks_until_found(bug: Bug) -> Option<u64> {
    (1..=DISKS_PER_BUG).find(|number| {
        let run = AssertUnwindSafe(|| {
            let_out(Some(bug));
            trace_of(SEED + number, STEPS_PER_DISK)
        });
        let found = catch_unwind(run).is_err();
        let_out(None);
        found
    })
}
