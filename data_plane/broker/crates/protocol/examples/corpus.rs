//! Prints random messages, `NAME VERSION HEX` a line, for another implementation to read and write again.

#![allow(clippy::wildcard_imports, reason = "every message is visited")]

#[path = "../tests/codec/random.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod random;
#[path = "../tests/generated/samples.rs"]
#[allow(clippy::all, clippy::pedantic, reason = "generated code is uniform rather than idiomatic")]
mod samples;

use std::io::{self, Write as _};

use headrace_protocol::{Message as _, Writer, encode_message, messages::*};

use crate::{
    random::{Random, Sample as _},
    samples::for_each_message,
};

const SAMPLES_PER_VERSION: usize = 5;

fn main() -> io::Result<()> {
    let mut random = Random::new(20_260_401);
    let mut out = io::stdout().lock();
    macro_rules! visit {
        ($module:ident, $name:ident) => {
            for version in $name::VERSIONS {
                for _ in 0..SAMPLES_PER_VERSION {
                    let mut writer = Writer::default();
                    encode_message(&$name::sample(&mut random, version), &mut writer, version)
                        .map_err(io::Error::other)?;
                    let hex: String = writer.into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
                    writeln!(out, "{} {version} {hex}", $name::NAME)?;
                }
            }
        };
    }
    for_each_message!(visit);
    Ok(())
}
