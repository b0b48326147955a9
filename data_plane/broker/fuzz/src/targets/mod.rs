//! The entrances, and what must hold at each.

mod batches;
mod configuration;
mod decompression;
mod logins;
mod planted;
mod requests;

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use crate::{Allowance, Figures};

/// One entrance.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// What it is called.
    pub name: &'static str,
    allowance: Allowance,
    /// Handles an input; `hold` is called once around what is judged by its memory.
    handle: fn(&[u8], &mut Hold<'_>),
}

/// Every entrance.
pub const TARGETS: [Target; 5] =
    [requests::TARGET, batches::TARGET, decompression::TARGET, logins::TARGET, configuration::TARGET];

/// What must be found: a panic, and memory that nothing justifies.
pub const CONTROLS: [Target; 2] = [planted::PANIC, planted::ALLOCATION];

/// The target of this name.
#[must_use]
pub fn find(name: &str) -> Option<Target> {
    TARGETS.into_iter().chain(CONTROLS).find(|target| target.name == name)
}

/// Judges the memory of what handles an input.
pub(crate) struct Hold<'a> {
    allowance: Allowance,
    figures: &'a mut Figures,
}

impl Hold<'_> {
    /// Runs what handles an input of `length` bytes.
    pub(crate) fn run<T>(&mut self, length: usize, act: impl FnOnce() -> T) -> T {
        let mut handled = pin!(self.run_async(length, async { act() }));
        match handled.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => panic!("what does not wait waits"),
        }
    }

    /// As [`Self::run`], for what waits.
    pub(crate) async fn run_async<T>(&mut self, length: usize, act: impl Future<Output = T>) -> T {
        self.allowance.hold(length, self.figures, act).await
    }
}

impl Target {
    /// Tries an input, and counts it.
    ///
    /// # Panics
    /// Where something does not hold.
    pub fn run(&self, input: &[u8], figures: &mut Figures) {
        (self.handle)(input, &mut Hold { allowance: self.allowance, figures });
    }
}
