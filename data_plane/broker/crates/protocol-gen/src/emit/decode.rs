//! Decoding: one function per struct, fields in wire order.

use super::{Scope, flexible, parameter, scalar_method};
use crate::{
    schema::{Field, Kind, Message, Struct},
    size::{least_element_bytes, least_struct_bytes},
    versions::Condition,
};

pub(super) fn implementation(message: &Message, item: &Struct) -> String {
    let (prelude, compact) = flexible(message, item);
    let untagged = item.fields.iter().filter(|field| field.tag.is_none());
    let mut body: String =
        untagged.map(|field| field_code(message, &Scope::new(message, item, field))).collect();
    body += &tags_code(message, item, &compact);
    let prelude = if body.contains("flexible") { prelude } else { String::new() };
    let binding = if body.is_empty() { "Ok(Self::default())" } else { "let mut value = Self::default();\n" };
    let end = if body.is_empty() { "" } else { "Ok(value)\n" };
    let whole = format!("{prelude}{binding}{body}{end}");
    let lifetime = if message.borrows(&item.name) { "<'a>" } else { "" };
    format!(
        "impl<'a> Decode<'a> for {name}{lifetime} {{\nconst LEAST_BYTES: usize = {least};\n\n\
         fn decode({reader}: &mut Reader<'a>, {version}: i16) -> Result<Self, DecodeError> {{\n{whole}}}\n}}\n",
        name = item.name,
        least = least_struct_bytes(message, &item.name),
        reader = parameter(&whole, "reader"),
        version = parameter(&whole, "version"),
    )
}

fn field_code(message: &Message, scope: &Scope<'_>) -> String {
    let assignment = format!("value.{} = {};\n", scope.field.name, read_field(message, scope));
    match scope.presence() {
        Condition::Always => assignment,
        Condition::Never => String::new(),
        Condition::When(condition) => format!("if {condition} {{\n{assignment}}}\n"),
    }
}

fn tags_code(message: &Message, item: &Struct, compact: &str) -> String {
    let tagged: Vec<&Field> = item.fields.iter().filter(|field| field.tag.is_some()).collect();
    let read = if tagged.is_empty() {
        "reader.skip_tags()?;\n".to_owned()
    } else {
        let arms: String = tagged.iter().map(|field| tag_arm(message, item, field)).collect();
        format!(
            "reader.tags(|tag, reader| {{\nmatch tag {{\n{arms}_ => return Ok(false),\n}}\nOk(true)\n}})?;\n"
        )
    };
    match compact {
        "true" => read,
        "false" => String::new(),
        condition => format!("if {condition} {{\n{read}}}\n"),
    }
}

fn tag_arm(message: &Message, item: &Struct, field: &Field) -> String {
    let scope = Scope { compact: "true".to_owned(), ..Scope::new(message, item, field) };
    let guard = match scope.presence() {
        Condition::When(condition) => format!(" if {condition}"),
        _ => String::new(),
    };
    let tag = field.tag.unwrap_or_default();
    format!("{tag}{guard} => value.{} = {},\n", field.name, read_field(message, &scope))
}

fn read_field(message: &Message, scope: &Scope<'_>) -> String {
    let plain = || read(message, &scope.field.kind, &scope.compact);
    if !scope.field.is_optional() {
        return plain();
    }
    let nullable = || read_nullable(message, &scope.field.kind, &scope.compact);
    match scope.nullability() {
        Condition::Always => nullable(),
        Condition::Never => format!("Some({})", plain()),
        Condition::When(condition) => {
            format!("if {condition} {{ {} }} else {{ Some({}) }}", nullable(), plain())
        }
    }
}

fn read(message: &Message, kind: &Kind, compact: &str) -> String {
    if let Some(method) = scalar_method(kind) {
        return format!("reader.{method}()?");
    }
    match kind {
        Kind::Text => format!("reader.text({compact})?"),
        Kind::Bytes => format!("reader.bytes({compact})?"),
        Kind::Records => format!("reader.records({compact})?"),
        Kind::Array(element) => format!("reader.array({})?", array_arguments(message, element, compact)),
        Kind::Struct(name) => format!("{name}::decode(reader, version)?"),
        _ => unreachable!("scalars have a method"),
    }
}

fn read_nullable(message: &Message, kind: &Kind, compact: &str) -> String {
    match kind {
        Kind::Text => format!("reader.nullable_text({compact})?"),
        Kind::Bytes => format!("reader.nullable_bytes({compact})?"),
        Kind::Records => format!("reader.nullable_records({compact})?"),
        Kind::Array(element) => {
            format!("reader.nullable_array({})?", array_arguments(message, element, compact))
        }
        Kind::Struct(name) => format!("reader.nullable_struct(|reader| {name}::decode(reader, version))?"),
        scalar => panic!("{scalar:?} can not be null"),
    }
}

fn array_arguments(message: &Message, element: &Kind, compact: &str) -> String {
    let least = match element {
        Kind::Struct(name) => format!("{name}::LEAST_BYTES"),
        other => least_element_bytes(message, other).to_string(),
    };
    let read_element = match (element, scalar_method(element)) {
        (_, Some(method)) => format!("Reader::{method}"),
        (Kind::Struct(name), _) => format!("|reader| {name}::decode(reader, version)"),
        _ => format!("|reader| Ok({})", read(message, element, compact)),
    };
    format!("{compact}, {least}, {read_element}")
}
