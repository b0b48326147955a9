//! The native broker: one process that serves one cluster's clients from one data directory.

mod acceptor;
mod admin;
mod broker;
mod cli;
mod close;
mod config;
mod connection;
mod connections;
mod dispatch;
mod files;
mod frame_reader;
mod groups;
mod handlers;
mod handover;
mod limits;
mod listeners;
mod logging;
mod metrics;
mod reply;
mod reply_writer;
mod request_memory;
mod runtime;
mod security;
mod storage_failure;
mod tls;
mod topics;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use crate::{
    cli::Command,
    config::{Config, ConfigError},
};

/// Exit status of a broker that can not start.
const EXIT_START: u8 = 1;
/// Exit status of a bad command line.
const EXIT_USAGE: u8 = 2;

fn main() -> ExitCode {
    match cli::parse(lexopt::Parser::from_env()) {
        Ok(Command::Run { config }) => run(Config::load(&config)),
        Ok(Command::Dev(options)) => run(Config::dev(&options)),
        Ok(Command::Version) => say(&format!("headrace-broker {}", env!("CARGO_PKG_VERSION"))),
        Ok(Command::Help) => say(cli::USAGE),
        Err(error) => complain(&format!("{error}\n{}", cli::USAGE), EXIT_USAGE),
    }
}

fn run(config: Result<Config, ConfigError>) -> ExitCode {
    let config = match config {
        Ok(config) => config,
        Err(error) => return complain(&error.to_string(), EXIT_START),
    };
    logging::start();
    match runtime::run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error.to_string(), EXIT_START),
    }
}

fn say(text: &str) -> ExitCode {
    match writeln!(io::stdout(), "{text}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(EXIT_START),
    }
}

fn complain(text: &str, status: u8) -> ExitCode {
    // Where standard error is gone too, the status is all that is left to say it.
    let _ = writeln!(io::stderr(), "headrace-broker: {text}");
    ExitCode::from(status)
}
