//! Generates the Kafka wire codec: `headrace-protocol-gen --jar PATH --out DIR [--check]`.
//!
//! `DIR` is the protocol crate; `--check` writes nothing and fails when the files there differ from what would be written.

mod definition;
mod emit;
mod jar;
mod names;
mod output;
mod schema;
mod size;
mod versions;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use lexopt::prelude::{Long, ValueExt};

use crate::{definition::Definition, output::Output, schema::Message};

struct Arguments {
    jar: PathBuf,
    out: PathBuf,
    check: bool,
}

fn main() -> Result<()> {
    let arguments = parse_arguments()?;
    let messages = messages(&arguments)?;
    let mut output = Output::default();
    for message in &messages {
        output.add(format!("src/generated/{}.rs", names::snake(&message.name)), emit::message_file(message));
    }
    output.add("src/generated/mod.rs".into(), emit::module_list(&messages));
    output.add("src/generated/api_key.rs".into(), emit::api_keys(&messages));
    output.add("tests/generated/samples.rs".into(), emit::sample_file(&messages));
    let formatted = output.format()?;
    if arguments.check { formatted.check(&arguments.out) } else { formatted.write(&arguments.out) }
}

fn messages(arguments: &Arguments) -> Result<Vec<Message>> {
    let mut messages = Vec::new();
    for (file, text) in jar::definitions(&arguments.jar)? {
        let definition = Definition::parse(&file, &text)?;
        messages.extend(Message::resolve(&definition).with_context(|| format!("message {file}"))?);
    }
    Ok(messages)
}

fn parse_arguments() -> Result<Arguments> {
    let (mut jar, mut out, mut check) = (None, None, false);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("jar") => jar = Some(parser.value()?.parse()?),
            Long("out") => out = Some(parser.value()?.parse()?),
            Long("check") => check = true,
            other => bail!(other.unexpected()),
        }
    }
    Ok(Arguments {
        jar: jar.context("--jar PATH is missing")?,
        out: out.context("--out DIR is missing")?,
        check,
    })
}
