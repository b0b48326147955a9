//! `headrace-fuzz seeds TARGET`: what the corpus of a target begins with, a line each.

use std::{
    env,
    io::{self, Write as _},
    process::ExitCode,
};

use headrace_fuzz::{corpus, seeds};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [command, target] = arguments.as_slice() else { return usage() };
    // Brokers find their files in the working directory.
    let place = tempfile::tempdir().and_then(|place| env::set_current_dir(&place).map(|()| place));
    let Ok(_place) = place else { return ExitCode::FAILURE };
    let seeds = if command == "seeds" { seeds::of(target) } else { Vec::new() };
    if seeds.is_empty() {
        return usage();
    }
    let mut out = io::stdout().lock();
    for seed in seeds {
        if writeln!(out, "{}", corpus::line(&seed)).is_err() {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    let _ = writeln!(io::stderr(), "usage: headrace-fuzz seeds TARGET");
    ExitCode::from(2)
}
