//! Encoding: one function per struct, fields in wire order, tagged fields only when they differ from their default.

use super::{Scope, flexible, parameter, scalar_method, structs};
use crate::{
    schema::{Field, Kind, Message, Struct},
    versions::Condition,
};

pub(super) fn implementation(message: &Message, item: &Struct) -> String {
    let (prelude, compact) = flexible(message, item);
    let untagged = item.fields.iter().filter(|field| field.tag.is_none());
    let mut body: String = untagged.map(|field| field_code(&Scope::new(message, item, field))).collect();
    body += &tags_code(message, item, &compact);
    let prelude = if body.contains("flexible") { prelude } else { String::new() };
    let whole = format!("{prelude}{body}Ok(())\n");
    let lifetime = if message.borrows(&item.name) { "<'_>" } else { "" };
    format!(
        "impl Encode for {}{lifetime} {{\nfn encode(&self, {}: &mut Writer, {}: i16) -> Result<(), EncodeError> {{\n{whole}}}\n}}\n",
        item.name,
        parameter(&whole, "writer"),
        parameter(&whole, "version"),
    )
}

fn field_code(scope: &Scope<'_>) -> String {
    let write = write_field(scope);
    match scope.presence() {
        Condition::Always => write,
        Condition::Never => String::new(),
        Condition::When(condition) => format!("if {condition} {{\n{write}}}{}\n", refuse_if_set(scope)),
    }
}

/// A field that the version can not carry must not be lost silently, unless the definition says that it may.
fn refuse_if_set(scope: &Scope<'_>) -> String {
    if scope.field.ignorable {
        return String::new();
    }
    format!(
        " else if {} {{\nreturn Err(EncodeError::absent({:?}, version));\n}}",
        differs_from_default(scope.field),
        plain_name(scope.field)
    )
}

fn plain_name(field: &Field) -> &str {
    field.name.trim_start_matches("r#")
}

fn tags_code(message: &Message, item: &Struct, compact: &str) -> String {
    let tagged: Vec<&Field> = item.fields.iter().filter(|field| field.tag.is_some()).collect();
    let write = if tagged.is_empty() {
        "writer.no_tags();\n".to_owned()
    } else {
        let adds: String = tagged.iter().map(|field| tag_code(message, item, field)).collect();
        format!("let mut tags = TagWriter::default();\n{adds}writer.tags(tags)?;\n")
    };
    match compact {
        "true" => write,
        "false" => String::new(),
        condition => format!("if {condition} {{\n{write}}}\n"),
    }
}

fn tag_code(message: &Message, item: &Struct, field: &Field) -> String {
    let scope = Scope { compact: "true".to_owned(), ..Scope::new(message, item, field) };
    let condition = match scope.presence() {
        Condition::When(condition) => format!("{condition} && {}", differs_from_default(field)),
        _ => differs_from_default(field),
    };
    let tag = field.tag.unwrap_or_default();
    format!("if {condition} {{\ntags.add({tag}, |writer| {{\n{}Ok(())\n}})?;\n}}\n", write_field(&scope))
}

fn differs_from_default(field: &Field) -> String {
    let place = format!("self.{}", field.name);
    if field.is_optional() {
        return match (structs::is_null_by_default(field), &field.kind) {
            (true, _) => format!("{place}.is_some()"),
            (false, Kind::Struct(name)) => format!("{place} != Some({name}::default())"),
            (false, _) => format!("{place}.as_ref().is_none_or(|value| !value.is_empty())"),
        };
    }
    match &field.kind {
        Kind::Bool if structs::default(field) == "true" => format!("!{place}"),
        Kind::Bool => place,
        Kind::Uuid => format!("!{place}.is_nil()"),
        Kind::Text if field.default.as_deref().is_some_and(|text| !text.is_empty()) => {
            format!("{place} != {}", structs::default(field))
        }
        Kind::Text | Kind::Bytes | Kind::Records | Kind::Array(_) => format!("!{place}.is_empty()"),
        Kind::Struct(name) => format!("{place} != {name}::default()"),
        _ => format!("{place} != {}", structs::default(field)),
    }
}

fn write_field(scope: &Scope<'_>) -> String {
    let field = scope.field;
    if !field.is_optional() {
        let place = if scalar_method(&field.kind).is_some() { "self." } else { "&self." };
        return write(&field.kind, &format!("{place}{}", field.name), &scope.compact);
    }
    let null = write_null(&field.kind, &scope.compact);
    let refuse = format!("None => return Err(EncodeError::Null({:?})),\n", plain_name(field));
    let (marker, none) = match scope.nullability() {
        Condition::Always => (struct_marker(&field.kind), format!("None => {null},\n")),
        Condition::Never => (String::new(), refuse),
        Condition::When(condition) => {
            let marker = struct_marker(&field.kind);
            let marker = if marker.is_empty() { marker } else { format!("if {condition} {{ {marker} }}\n") };
            (marker, format!("None if {condition} => {null},\n{refuse}"))
        }
    };
    let some = write(&field.kind, "value", &scope.compact);
    format!("match &self.{} {{\nSome(value) => {{\n{marker}{some}}}\n{none}}}\n", field.name)
}

/// A struct that may be null is preceded by a byte that says that it is not.
fn struct_marker(kind: &Kind) -> String {
    if matches!(kind, Kind::Struct(_)) { "writer.i8(1);\n".to_owned() } else { String::new() }
}

fn write_null(kind: &Kind, compact: &str) -> String {
    match kind {
        Kind::Text => format!("writer.null_text({compact})"),
        Kind::Struct(_) => "writer.i8(-1)".to_owned(),
        _ => format!("writer.null_sequence({compact})"),
    }
}

fn write(kind: &Kind, place: &str, compact: &str) -> String {
    if let Some(method) = scalar_method(kind) {
        return format!("writer.{method}({place});\n");
    }
    match kind {
        Kind::Text => format!("writer.text({place}, {compact})?;\n"),
        Kind::Bytes => format!("writer.bytes({place}, {compact})?;\n"),
        Kind::Records => format!("writer.records({place}, {compact})?;\n"),
        Kind::Struct(_) => format!("Encode::encode({place}, writer, version)?;\n"),
        Kind::Array(element) => {
            let item = if scalar_method(element).is_some() { "*item" } else { "item" };
            let count = place.trim_start_matches('&');
            let each = write(element, item, compact);
            format!("writer.count({count}.len(), {compact})?;\nfor item in {place} {{\n{each}}}\n")
        }
        _ => unreachable!("scalars have a method"),
    }
}
