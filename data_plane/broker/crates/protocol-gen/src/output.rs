//! The generated files: formatted, then written or compared.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};

/// Where `rustfmt.toml` lies.
const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
/// Folders whose every file is generated.
const FOLDERS: [&str; 2] = ["src/generated", "tests/generated"];

/// Paths below the output folder and what belongs there.
#[derive(Default)]
pub(crate) struct Output {
    files: BTreeMap<String, String>,
}

impl Output {
    pub(crate) fn add(&mut self, path: String, text: String) {
        self.files.insert(path, text);
    }

    /// Formats everything the way `cargo fmt` does.
    pub(crate) fn format(self) -> Result<Self> {
        let formatted = self.files.into_iter().map(|(path, text)| {
            let text = rustfmt(&text).with_context(|| format!("formatting {path}"))?;
            Ok((path, text))
        });
        Ok(Self { files: formatted.collect::<Result<_>>()? })
    }

    pub(crate) fn write(&self, root: &Path) -> Result<()> {
        for stale in self.stale(root)? {
            fs::remove_file(root.join(stale))?;
        }
        for (path, text) in &self.files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().context("a file has a folder")?)?;
            fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        }
        Ok(())
    }

    pub(crate) fn check(&self, root: &Path) -> Result<()> {
        let differs = |(path, text): (&String, &String)| {
            let current = fs::read_to_string(root.join(path)).unwrap_or_default();
            (current != *text).then(|| path.clone())
        };
        let mut wrong: Vec<String> = self.files.iter().filter_map(differs).collect();
        wrong.extend(self.stale(root)?);
        if wrong.is_empty() {
            return Ok(());
        }
        bail!("not what the definitions say: {}", wrong.join(", "))
    }

    /// Files in the generated folders that no definition asks for.
    fn stale(&self, root: &Path) -> Result<Vec<String>> {
        let mut stale = Vec::new();
        for folder in FOLDERS {
            let Ok(entries) = fs::read_dir(root.join(folder)) else { continue };
            for entry in entries {
                let path = format!("{folder}/{}", entry?.file_name().to_string_lossy());
                if !self.files.contains_key(&path) {
                    stale.push(path);
                }
            }
        }
        Ok(stale)
    }
}

fn rustfmt(text: &str) -> Result<String> {
    let mut child = Command::new("rustfmt")
        .args(["--config-path", WORKSPACE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting rustfmt")?;
    let mut input = child.stdin.take().context("rustfmt has a standard input")?;
    input.write_all(text.as_bytes())?;
    drop(input);
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "rustfmt refused it");
    Ok(String::from_utf8(output.stdout)?)
}
