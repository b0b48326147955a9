//! What libFuzzer drives. `HEADRACE_FUZZ_TARGET` names the target; its seeds go into the directory `HEADRACE_FUZZ_SEEDS` before anything is
//! read, and what was seen to `HEADRACE_FUZZ_FIGURES` each time it is more.

#![no_main]

use std::{cell::RefCell, env, fs, path::PathBuf};

use headrace_fuzz::{Figures, Target, find, seeds};
use libfuzzer_sys::fuzz_target;

struct Run {
    target: Target,
    figures: Figures,
    told: usize,
    told_to: Option<PathBuf>,
}

impl Run {
    fn new() -> Self {
        Self {
            target: target(),
            figures: Figures::default(),
            told: 0,
            told_to: env::var_os("HEADRACE_FUZZ_FIGURES").map(PathBuf::from),
        }
    }

    fn try_one(&mut self, input: &[u8]) {
        self.target.run(input, &mut self.figures);
        let (peak, per_byte) = (self.figures.peak_bytes, self.figures.peak_per_byte_thousandths);
        if let Some(path) = &self.told_to
            && self.told != peak + per_byte
        {
            self.told = peak + per_byte;
            let figures = format!("{{\"peak_bytes\": {peak}, \"peak_per_byte_thousandths\": {per_byte}}}\n");
            // The process may be ended at any moment: no reader meets half of it.
            let aside = path.with_extension("new");
            let _ = fs::write(&aside, figures).and_then(|()| fs::rename(&aside, path));
        }
    }
}

#[allow(clippy::expect_used, reason = "without a target there is nothing to drive")]
fn target() -> Target {
    let name = env::var("HEADRACE_FUZZ_TARGET").expect("HEADRACE_FUZZ_TARGET names a target");
    find(&name).expect("HEADRACE_FUZZ_TARGET is a target")
}

/// Puts the seeds where libFuzzer will read them.
#[allow(clippy::expect_used, reason = "a run without them would try less than it says")]
fn write_seeds() {
    let Some(directory) = env::var_os("HEADRACE_FUZZ_SEEDS").map(PathBuf::from) else { return };
    for (number, seed) in seeds::of(target().name).into_iter().enumerate() {
        fs::write(directory.join(format!("seed-{number}")), seed)
            .expect("HEADRACE_FUZZ_SEEDS can be written to");
    }
}

thread_local! {
    static RUN: RefCell<Option<Run>> = const { RefCell::new(None) };
}

fuzz_target!(init: write_seeds(), |input: &[u8]| {
    RUN.with_borrow_mut(|run| run.get_or_insert_with(Run::new).try_one(input));
});
