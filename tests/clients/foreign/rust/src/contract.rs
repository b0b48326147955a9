//! Reads requests as JSON lines and answers each with one line; see `../../README.md`.

use std::error::Error;
use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub type Failure = Box<dyn Error>;

const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Deserialize)]
pub struct Access {
    pub bootstrap: String,
    #[serde(default)]
    pub username: String,
    #[serde(default)]
    pub password: String,
    pub ca_file: String,
    pub token_url: Option<String>,
    #[serde(default)]
    pub client_id: String,
}

impl Access {
    /// The access of another client of the issuer, by another address.
    pub fn of_other(&self, request: &Request) -> Self {
        Self {
            bootstrap: request.bootstrap.clone(),
            client_id: request.client_id.clone(),
            ..self.clone()
        }
    }
}

#[derive(Deserialize, Serialize)]
pub struct Record {
    pub partition: i32,
    #[serde(default)]
    pub offset: i64,
    pub key: Option<String>,
    pub value: Option<String>,
    pub headers: Vec<(String, String)>,
}

/// One line of input; which fields count depends on what is to be done.
#[derive(Deserialize)]
pub struct Request {
    #[serde(rename = "do")]
    pub what: String,
    #[serde(default)]
    pub topic: String,
    #[serde(default)]
    pub codec: String,
    #[serde(default)]
    pub records: Vec<Record>,
    #[serde(default)]
    pub group: String,
    #[serde(default)]
    pub count: usize,
    pub isolation: Option<String>,
    #[serde(default)]
    pub to: String,
    #[serde(default)]
    pub transactional_id: String,
    #[serde(default)]
    pub commit: bool,
    #[serde(default)]
    pub bootstrap: String,
    #[serde(default)]
    pub client_id: String,
}

/// Answers requests until standard input ends.
pub fn serve(perform: impl Fn(&Access, &Request) -> Result<Value, Failure>) -> Result<(), Failure> {
    let mut access: Option<Access> = None;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let done = match &access {
            None => {
                access = Some(serde_json::from_str(&line)?);
                Ok(json!({}))
            }
            Some(access) => serde_json::from_str(&line)
                .map_err(Failure::from)
                .and_then(|request| perform(access, &request)),
        };
        let answer = match done {
            Ok(value) => json!({ "ok": value }),
            Err(error) => json!({ "error": error.to_string() }),
        };
        let mut output = std::io::stdout().lock();
        writeln!(output, "{answer}")?;
        output.flush()?;
    }
    Ok(())
}

/// Does the step again and again until the condition holds.
pub fn until(
    what: &str,
    mut holds: impl FnMut() -> Result<bool, Failure>,
    mut step: impl FnMut() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let deadline = Instant::now() + PATIENCE;
    while !holds()? {
        if Instant::now() > deadline {
            return Err(format!("waited in vain: {what}").into());
        }
        step()?;
    }
    Ok(())
}
