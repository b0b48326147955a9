//! The message definitions as they are written in the jar.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

/// One definition file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Definition {
    pub(crate) api_key: Option<i16>,
    pub(crate) r#type: String,
    pub(crate) name: String,
    pub(crate) valid_versions: String,
    #[serde(default = "none")]
    pub(crate) flexible_versions: String,
    #[serde(default)]
    pub(crate) fields: Vec<FieldDefinition>,
    #[serde(default)]
    pub(crate) common_structs: Vec<StructDefinition>,
}

/// A struct that several fields of one message share.
#[derive(Debug, Deserialize)]
pub(crate) struct StructDefinition {
    pub(crate) name: String,
    pub(crate) versions: String,
    pub(crate) fields: Vec<FieldDefinition>,
}

/// One field; `fields` is filled where its type is a struct of its own.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FieldDefinition {
    pub(crate) name: String,
    pub(crate) r#type: String,
    pub(crate) versions: String,
    #[serde(default = "none")]
    pub(crate) nullable_versions: String,
    pub(crate) flexible_versions: Option<String>,
    pub(crate) tag: Option<u32>,
    pub(crate) default: Option<Value>,
    #[serde(default)]
    pub(crate) ignorable: bool,
    #[serde(default)]
    pub(crate) fields: Vec<FieldDefinition>,
}

fn none() -> String {
    "none".to_owned()
}

impl Definition {
    pub(crate) fn parse(file: &str, text: &str) -> Result<Self> {
        serde_json::from_str(text).with_context(|| format!("definition {file}"))
    }
}
