//! Struct definitions and their defaults.

use super::rust_type;
use crate::schema::{Field, Kind, Message, Struct};

pub(super) fn definition(message: &Message, item: &Struct) -> String {
    let lifetime = if message.borrows(&item.name) { "<'a>" } else { "" };
    let derived = item.fields.iter().all(has_rust_default);
    let mut code =
        format!("/// `{}`, versions {} to {}.\n", item.name, item.versions.low, item.versions.high);
    code += &format!("#[derive(Debug, Clone, PartialEq{})]\n", if derived { ", Default" } else { "" });
    code += &format!("pub struct {}{lifetime} {{\n", item.name);
    for field in &item.fields {
        code += &format!("pub {}: {},\n", field.name, field_type(message, field));
    }
    code += "}\n\n";
    if !derived {
        code += &default_implementation(item, if lifetime.is_empty() { "" } else { "<'_>" });
    }
    code
}

fn default_implementation(item: &Struct, lifetime: &str) -> String {
    let mut code = format!("impl Default for {}{lifetime} {{\nfn default() -> Self {{\nSelf {{\n", item.name);
    for field in &item.fields {
        code += &format!("{}: {},\n", field.name, default(field));
    }
    code + "}\n}\n}\n\n"
}

fn field_type(message: &Message, field: &Field) -> String {
    let plain = rust_type(message, &field.kind);
    if field.is_optional() { format!("Option<{plain}>") } else { plain }
}

/// The default of a field as a Rust expression.
pub(super) fn default(field: &Field) -> String {
    if !field.is_optional() {
        return plain_default(field);
    }
    if is_null_by_default(field) { "None".to_owned() } else { format!("Some({})", plain_default(field)) }
}

pub(super) fn is_null_by_default(field: &Field) -> bool {
    field.default.as_deref() == Some("null") || (field.kind == Kind::Records && field.default.is_none())
}

fn plain_default(field: &Field) -> String {
    let written = field.default.as_deref();
    match &field.kind {
        Kind::Bool => written.unwrap_or("false").to_owned(),
        Kind::Float64 => format!("{:?}", written.unwrap_or("0").parse::<f64>().unwrap_or_default()),
        Kind::Uuid => "Uuid::nil()".to_owned(),
        Kind::Text => format!("Cow::Borrowed({:?})", written.unwrap_or("")),
        Kind::Bytes => "Cow::Borrowed(&[])".to_owned(),
        Kind::Records => "Bytes::new()".to_owned(),
        Kind::Array(_) => "Vec::new()".to_owned(),
        Kind::Struct(name) => format!("{name}::default()"),
        _ => integer(written.unwrap_or("0")),
    }
}

fn integer(written: &str) -> String {
    let value = match written.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16),
        None => written.parse(),
    };
    let value = value.unwrap_or_else(|_| panic!("default {written:?} is no integer"));
    match value {
        i64::MAX => "i64::MAX".to_owned(),
        2_147_483_647 => "i32::MAX".to_owned(),
        -2_147_483_648 => "i32::MIN".to_owned(),
        other => other.to_string(),
    }
}

fn has_rust_default(field: &Field) -> bool {
    let expected = match (&field.kind, field.is_optional()) {
        (_, true) => "None",
        (Kind::Bool, _) => "false",
        (Kind::Float64, _) => "0.0",
        (Kind::Uuid | Kind::Array(_) | Kind::Struct(_) | Kind::Records | Kind::Bytes, _) => return true,
        (Kind::Text, _) => "Cow::Borrowed(\"\")",
        _ => "0",
    };
    default(field) == expected
}
