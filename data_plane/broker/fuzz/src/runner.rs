//! Tries a target without coverage: what is kept, and mutations of it for some seconds.

use std::{
    io,
    time::{Duration, Instant},
};

use crate::{Figures, INPUT_BYTES_MAX, Target, corpus, mutate::mutated, random::Random};

/// Inputs are tried in the same order each time; how far it comes depends on the machine.
const SEED: u64 = 20_261_130;

/// Tries everything that is kept of a target.
pub fn try_kept(target: &Target, kept: &[Vec<u8>], figures: &mut Figures) {
    for input in kept {
        try_one(target, input, figures);
    }
}

/// Tries mutations of what is kept of a target.
#[allow(clippy::disallowed_methods, reason = "how long is tried is a matter of the machine's time")]
pub fn try_mutated(target: &Target, kept: &[Vec<u8>], duration: Duration, figures: &mut Figures) {
    let (start, mut random) = (Instant::now(), Random::new(SEED));
    while start.elapsed() < duration {
        let [input, other] = [(); 2].map(|()| &kept[random.below(kept.len())]);
        try_one(target, &mutated(input, other, INPUT_BYTES_MAX, &mut random), figures);
    }
}

/// Tries an input. Where something does not hold it is told which one it was, and the process ends: a panic may be that of a task.
pub fn try_one(target: &Target, input: &[u8], figures: &mut Figures) {
    CURRENT.with_borrow_mut(|current| {
        current.clear();
        current.extend_from_slice(input);
    });
    target.run(input, figures);
}

thread_local! {
    static CURRENT: std::cell::RefCell<Vec<u8>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// From here on a panic, also one that a task would keep to itself, ends the process with 101 and tells the input.
pub fn end_at_a_panic() {
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        told(panic);
        let input = CURRENT.with(|current| current.try_borrow().map(|input| corpus::line(&input)));
        let mut out = io::stderr();
        let _ = io::Write::write_fmt(&mut out, format_args!("input: {}\n", input.unwrap_or_default()));
        std::process::exit(101);
    }));
}
