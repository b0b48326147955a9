//! Every target: what is kept, and ten seconds of mutations, each in a process of its own, all side by side; and what is planted must
//! be found, or the rest means nothing.

#![allow(clippy::print_stdout, clippy::expect_used, reason = "a test program without a harness tells itself")]

use std::{
    env, fs,
    path::Path,
    process::{Child, Command, ExitCode, Output, Stdio},
    time::Duration,
};

use headrace_fuzz::{Figures, TARGETS, Target, corpus, find, runner, seeds};

const MUTATED: Duration = Duration::from_secs(10);
/// Where the name of a process's own target is.
const TARGET: &str = "HEADRACE_FUZZ_TARGET";
/// The header of what is planted, and what sets it off.
const PLANTED: [(&str, &[u8], &str); 2] = [
    ("planted-panic", b"HR\0\x02\0\0\0\x01!", "planted"),
    ("planted-allocation", b"HR\0\x02\x7f\0\0\0", "made it allocate 268435456 bytes"),
];

fn main() -> ExitCode {
    if let Ok(name) = env::var(TARGET) {
        try_target(find(&name).expect("a target"));
        return ExitCode::SUCCESS;
    }
    // Lists of tests are asked for by tools that run them one by one.
    if env::args().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    let names = || TARGETS.iter().map(|target| target.name).chain(PLANTED.map(|(name, _, _)| name));
    let place = tempfile::tempdir().expect("a place for what the targets write");
    let running: Vec<(&str, Child)> = names().map(|name| (name, start(name, place.path()))).collect();
    let bad = running
        .into_iter()
        .map(|(name, child)| (name, child.wait_with_output().expect("the process ends")))
        .filter(|(name, output)| !is_as_it_must_be(name, output))
        .map(|(name, output)| print!("--- {name}: {}\n{}", output.status, told(&output)))
        .count();
    if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn start(name: &str, place: &Path) -> Child {
    fs::create_dir(place.join(name)).expect("a directory of its own");
    let mut command = Command::new(env::current_exe().expect("this program"));
    command.current_dir(place.join(name)).env(TARGET, name).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("a process starts")
}

fn told(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

fn is_as_it_must_be(name: &str, output: &Output) -> bool {
    let told = told(output);
    if let Some((_, input, words)) = PLANTED.iter().find(|(planted, _, _)| *planted == name) {
        return !output.status.success() && told.contains(words) && told.contains(&corpus::line(input));
    }
    println!("{}", told.trim());
    output.status.success()
}

fn try_target(target: Target) {
    runner::end_at_a_panic();
    let mut figures = Figures::default();
    if let Some((_, input, _)) = PLANTED.iter().find(|(planted, _, _)| *planted == target.name) {
        return runner::try_kept(&target, &[input.to_vec()], &mut figures);
    }
    let mut kept = corpus::read(target.name).expect("the corpus is there");
    assert!(!kept.is_empty(), "the corpus holds something");
    // The longest of them may have had no room in the corpus.
    kept.extend(seeds::of(target.name));
    runner::try_kept(&target, &kept, &mut figures);
    runner::try_mutated(&target, &kept, MUTATED, &mut figures);
    println!("{}: {} kept, {figures:?}", target.name, kept.len());
}
