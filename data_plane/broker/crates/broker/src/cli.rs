//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use lexopt::prelude::{Long, Short, Value, ValueExt as _};

use crate::{inspect::InspectOptions, limits};

/// What the process is asked to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Run one broker by its configuration file.
    Run {
        /// The configuration file.
        config: PathBuf,
    },
    /// Run one broker without authentication, for test suites.
    Dev(DevOptions),
    /// Fork the cluster of a configuration file whose broker does not run; the request comes on standard input.
    Fork {
        /// The configuration file.
        config: PathBuf,
    },
    /// Print the page about settings of topics.
    TopicSettings,
    /// Print the page about settings of the broker.
    BrokerSettings,
    /// Print what a data directory holds.
    Inspect(InspectOptions),
    /// Say whether authorities and mapping rules of client certificates, on standard input, can be used.
    CheckClientCertificates,
    /// Say whether an issuer of tokens, on standard input, can be used.
    CheckOauthIssuer,
    /// Print the version.
    Version,
    /// Print the usage.
    Help,
}

/// Options of `dev`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DevOptions {
    pub(crate) listen: SocketAddr,
    pub(crate) data_dir: PathBuf,
    pub(crate) num_partitions: i32,
    pub(crate) initial_rebalance_delay_ms: Option<i32>,
}

/// The usage, on one screen.
pub(crate) const USAGE: &str = "\
usage: headrace-broker --config FILE
       headrace-broker dev --listen 127.0.0.1:PORT --data-dir DIR [--num-partitions N] [--initial-rebalance-delay-ms MS]
       headrace-broker fork --config FILE
       headrace-broker inspect DIR [--json] [--batches] [--producers]
       headrace-broker topic-settings | broker-settings
       headrace-broker check-client-certificates < JSON
       headrace-broker check-oauth-issuer < JSON
       headrace-broker --version";

/// Reads the arguments of the process.
pub(crate) fn parse(mut parser: lexopt::Parser) -> Result<Command, lexopt::Error> {
    match parser.next()? {
        Some(Long("config")) => run(parser),
        Some(Value(word)) if word == "fork" => fork(parser),
        Some(Value(word)) if word == "topic-settings" => alone(parser, Command::TopicSettings),
        Some(Value(word)) if word == "broker-settings" => alone(parser, Command::BrokerSettings),
        Some(Value(word)) if word == "check-client-certificates" => {
            alone(parser, Command::CheckClientCertificates)
        }
        Some(Value(word)) if word == "check-oauth-issuer" => alone(parser, Command::CheckOauthIssuer),
        Some(Long("version") | Short('V')) => Ok(Command::Version),
        Some(Long("help") | Short('h')) => Ok(Command::Help),
        Some(Value(word)) if word == "inspect" => inspect(parser).map(Command::Inspect),
        Some(Value(word)) if word == "dev" => dev(parser).map(Command::Dev),
        Some(other) => Err(other.unexpected()),
        None => Err("--config FILE is missing".into()),
    }
}

fn run(mut parser: lexopt::Parser) -> Result<Command, lexopt::Error> {
    let config = parser.value()?.into();
    alone(parser, Command::Run { config })
}

fn fork(mut parser: lexopt::Parser) -> Result<Command, lexopt::Error> {
    match parser.next()? {
        Some(Long("config")) => {
            let config = parser.value()?.into();
            alone(parser, Command::Fork { config })
        }
        Some(other) => Err(other.unexpected()),
        None => Err("--config FILE is missing".into()),
    }
}

/// A command that nothing may follow.
fn alone(mut parser: lexopt::Parser, command: Command) -> Result<Command, lexopt::Error> {
    match parser.next()? {
        None => Ok(command),
        Some(other) => Err(other.unexpected()),
    }
}

fn dev(mut parser: lexopt::Parser) -> Result<DevOptions, lexopt::Error> {
    let (mut listen, mut data_dir, mut num_partitions) = (None, None, limits::NUM_PARTITIONS);
    let mut initial_rebalance_delay_ms = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("initial-rebalance-delay-ms") => {
                initial_rebalance_delay_ms = Some(parser.value()?.parse()?);
            }
            Long("listen") => listen = Some(parser.value()?.parse()?),
            Long("data-dir") => data_dir = Some(parser.value()?.into()),
            Long("num-partitions") => num_partitions = parser.value()?.parse()?,
            other => return Err(other.unexpected()),
        }
    }
    let listen = listen.ok_or("--listen ADDRESS:PORT is missing")?;
    let data_dir = data_dir.ok_or("--data-dir DIR is missing")?;
    Ok(DevOptions { listen, data_dir, num_partitions, initial_rebalance_delay_ms })
}

fn inspect(mut parser: lexopt::Parser) -> Result<InspectOptions, lexopt::Error> {
    let (mut data_dir, mut json, mut batches, mut producers) = (None, false, false, false);
    while let Some(argument) = parser.next()? {
        match argument {
            Value(dir) if data_dir.is_none() => data_dir = Some(dir.into()),
            Long("json") => json = true,
            Long("batches") => batches = true,
            Long("producers") => producers = true,
            other => return Err(other.unexpected()),
        }
    }
    let data_dir = data_dir.ok_or("the data directory is missing")?;
    Ok(InspectOptions { data_dir, json, batches, producers })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Command, lexopt::Error> {
        parse(lexopt::Parser::from_args(arguments))
    }

    #[test]
    fn a_configuration_file_is_enough() {
        assert_eq!(parsed(&["--config", "x.json"]).unwrap(), Command::Run { config: "x.json".into() });
        assert!(parsed(&["--config"]).is_err());
        assert!(parsed(&["--config", "x.json", "more"]).is_err());
        assert!(parsed(&[]).is_err());
    }

    #[test]
    fn a_fork_needs_a_configuration_file() {
        assert_eq!(parsed(&["fork", "--config", "x"]).unwrap(), Command::Fork { config: "x".into() });
        for arguments in [&["fork"][..], &["fork", "x"], &["fork", "--config", "x", "y"]] {
            assert!(parsed(arguments).is_err(), "{arguments:?}");
        }
    }

    #[test]
    fn the_page_about_settings_takes_no_options() {
        assert_eq!(parsed(&["topic-settings"]).unwrap(), Command::TopicSettings);
        assert!(parsed(&["topic-settings", "more"]).is_err());
        assert_eq!(parsed(&["check-client-certificates"]).unwrap(), Command::CheckClientCertificates);
        assert_eq!(parsed(&["check-oauth-issuer"]).unwrap(), Command::CheckOauthIssuer);
        assert_eq!(parsed(&["broker-settings"]).unwrap(), Command::BrokerSettings);
    }

    #[test]
    fn inspect_needs_one_directory() {
        let options = InspectOptions { data_dir: "d".into(), json: true, batches: false, producers: true };
        assert_eq!(parsed(&["inspect", "--json", "d", "--producers"]).unwrap(), Command::Inspect(options));
        assert!(parsed(&["inspect"]).is_err());
        assert!(parsed(&["inspect", "d", "e"]).is_err());
    }

    #[test]
    fn dev_needs_an_address_and_a_directory() {
        let options = DevOptions {
            listen: "127.0.0.1:9092".parse().unwrap(),
            data_dir: "d".into(),
            num_partitions: 4,
            initial_rebalance_delay_ms: None,
        };
        let arguments = ["dev", "--listen", "127.0.0.1:9092", "--data-dir", "d", "--num-partitions", "4"];
        assert_eq!(parsed(&arguments).unwrap(), Command::Dev(options));
        assert!(parsed(&[&arguments[..], &["--initial-rebalance-delay-ms", "0"]].concat()).is_ok());
        assert!(parsed(&arguments[..3]).is_err());
        assert!(parsed(&["dev", "--listen", "nowhere", "--data-dir", "d"]).is_err());
    }
}
