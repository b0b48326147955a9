//! Random values of every struct, for tests: only what the version carries differs from the default.

use super::{NOTICE, Scope, scalar_method, structs};
use crate::{
    names,
    schema::{Kind, Message, Struct},
    versions::Condition,
};

/// `tests/generated/samples.rs`.
pub(crate) fn sample_file(messages: &[Message]) -> String {
    let implementations: String = messages
        .iter()
        .flat_map(|message| message.structs.iter().map(move |item| implementation(message, item)))
        .collect();
    let visits: String = messages
        .iter()
        .map(|message| format!("$visit!({}, {});\n", names::snake(&message.name), message.name))
        .collect();
    format!(
        "{NOTICE}//! Random messages, and a macro that visits every message.\n\n\
         use std::borrow::Cow;\n\nuse headrace_protocol::messages::*;\nuse uuid::Uuid;\n\n\
         use crate::random::{{Random, Sample}};\n\n{implementations}\n\
         macro_rules! for_each_message {{\n($visit:ident) => {{\n{visits}}};\n}}\npub(crate) use for_each_message;\n"
    )
}

fn implementation(message: &Message, item: &Struct) -> String {
    let lifetime = if message.borrows(&item.name) { "<'static>" } else { "" };
    let module = names::snake(&message.name);
    let fields: String = item
        .fields
        .iter()
        .map(|field| format!("{}: {},\n", field.name, field_sample(&Scope::new(message, item, field))))
        .collect();
    let body = format!("Self {{\n{fields}}}");
    format!(
        "impl Sample for {module}::{}{lifetime} {{\nfn sample({}: &mut Random, {}: i16) -> Self {{\n{body}\n}}\n}}\n\n",
        item.name,
        super::parameter(&body, "random"),
        super::parameter(&body, "version"),
    )
}

fn field_sample(scope: &Scope<'_>) -> String {
    let some = present_sample(scope);
    match scope.presence() {
        Condition::Always => some,
        Condition::Never => "Default::default()".to_owned(),
        Condition::When(condition) => format!("if {condition} {{ {some} }} else {{ {} }}", absent(scope)),
    }
}

fn absent(scope: &Scope<'_>) -> String {
    match &scope.field.kind {
        Kind::Struct(_) if !scope.field.is_optional() => "Default::default()".to_owned(),
        _ => structs::default(scope.field),
    }
}

fn present_sample(scope: &Scope<'_>) -> String {
    let plain = sample(&scope.field.kind);
    if !scope.field.is_optional() {
        return plain;
    }
    let nullable = format!("random.nullable(|random| {plain})");
    match scope.nullability() {
        Condition::Always => nullable,
        Condition::Never => format!("Some({plain})"),
        Condition::When(condition) => format!("if {condition} {{ {nullable} }} else {{ Some({plain}) }}"),
    }
}

fn sample(kind: &Kind) -> String {
    if let Some(method) = scalar_method(kind) {
        return format!("random.{method}()");
    }
    match kind {
        Kind::Text => "random.text()".to_owned(),
        Kind::Bytes => "random.bytes()".to_owned(),
        Kind::Records => "random.records()".to_owned(),
        Kind::Array(element) => format!("random.array(|random| {})", sample(element)),
        Kind::Struct(_) => "Sample::sample(random, version)".to_owned(),
        _ => unreachable!("scalars have a method"),
    }
}
