//! The native broker: one process that serves one cluster's clients from one data directory.

mod acceptor;
mod access;
mod acls;
mod admin;
mod broker;
mod broker_settings;
mod channel_login;
mod check;
mod cli;
mod close;
mod config;
mod connection;
mod connections;
mod descriptors;
mod dispatch;
pub mod entrances;
mod failed_logins;
mod fetch_sessions;
mod files;
mod forks;
mod frame_reader;
mod groups;
mod handlers;
mod handover;
mod inspect;
mod journal;
mod keeper;
mod limits;
mod listeners;
mod logging;
mod metrics;
mod quotas;
mod read_ahead;
mod reply;
mod reply_writer;
mod request_memory;
mod runtime;
mod security;
mod storage_failure;
mod threads;
mod throttle;
mod tls;
mod topics;
mod transactions;
mod usage;
mod users;

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
/// Exit status of a check that refuses what it was given.
const EXIT_REFUSED: u8 = 4;
/// Whether this is the negative control of the durability proof.
const UNSAFE_BUILD: bool = cfg!(feature = "unsafe-ack-before-sync");
const UNSAFE_REFUSAL: &str = "this build acknowledges before it syncs: only 'dev' runs with it";

/// Does what the command line asks for; the status is the process's.
#[must_use]
pub fn main() -> ExitCode {
    match cli::parse(lexopt::Parser::from_env()) {
        // The negative control loses what it acknowledged: it runs where nobody's data is.
        Ok(Command::Run { .. } | Command::Fork { .. }) if UNSAFE_BUILD => {
            complain(UNSAFE_REFUSAL, EXIT_START)
        }
        Ok(Command::Run { config }) => run(Config::load(&config)),
        Ok(Command::Dev(options)) => run(Config::dev(&options)),
        Ok(Command::BrokerSettings) => say(broker_settings::page().trim_end()),
        Ok(Command::TopicSettings) => say(topics::settings::page().trim_end()),
        Ok(Command::CheckClientCertificates) => checked(check::client_certificates(io::stdin().lock())),
        Ok(Command::CheckOauthIssuer) => checked(check::oauth_issuer(io::stdin().lock())),
        Ok(Command::Fork { config }) => forks::run_offline(Config::load(&config)),
        Ok(Command::Inspect(options)) => inspect::run(&options),
        Ok(Command::Version) => say(&version()),
        Ok(Command::Help) => say(cli::USAGE),
        Err(error) => complain(&format!("{error}\n{}", cli::USAGE), EXIT_USAGE),
    }
}

/// Says whether a part of a configuration would be taken.
fn checked(outcome: Result<(), check::CheckError>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => complain(&problem.to_string(), EXIT_REFUSED),
    }
}

/// Packaging compares this line, so that no build that lies is ever shipped.
fn version() -> String {
    let control = if UNSAFE_BUILD { "+unsafe-ack-before-sync" } else { "" };
    format!("headrace-broker {}{control}", env!("CARGO_PKG_VERSION"))
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
