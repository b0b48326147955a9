//! Reads the message definitions out of the `kafka-clients` jar.

use std::{fs::File, io::Read as _, path::Path};

use anyhow::{Context, Result, ensure};

const DEFINITIONS: &str = "common/message/";

/// The definitions as (file name, JSON without comments), ordered by name.
pub(crate) fn definitions(jar: &Path) -> Result<Vec<(String, String)>> {
    let file = File::open(jar).with_context(|| format!("opening {}", jar.display()))?;
    let mut archive = zip::ZipArchive::new(file).with_context(|| format!("reading {}", jar.display()))?;
    let mut found = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let name = entry.name()?.into_owned();
        if let Some(short) = name.strip_prefix(DEFINITIONS).and_then(|rest| rest.strip_suffix(".json")) {
            let mut text = String::new();
            entry.read_to_string(&mut text).with_context(|| format!("reading {name}"))?;
            found.push((short.to_owned(), without_comments(&text)));
        }
    }
    ensure!(!found.is_empty(), "{} holds no {DEFINITIONS}*.json", jar.display());
    found.sort();
    Ok(found)
}

/// The definitions hold whole-line `//` comments, which JSON has not.
fn without_comments(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}
