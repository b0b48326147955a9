//! The fewest bytes a value can take on the wire: what bounds the count of an array.

use crate::schema::{Field, Kind, Message};

/// The fewest bytes of a struct over all versions in which it occurs.
pub(crate) fn least_struct_bytes(message: &Message, name: &str) -> usize {
    let versions = message.find(name).versions;
    versions.iter().map(|version| struct_bytes(message, name, version)).min().unwrap_or(0)
}

/// The fewest bytes of one element of an array of `kind`, in any version.
pub(crate) fn least_element_bytes(message: &Message, kind: &Kind) -> usize {
    match kind {
        Kind::Struct(name) => least_struct_bytes(message, name).max(1),
        other => {
            message.valid.iter().map(|version| kind_bytes(message, other, version, false)).min().unwrap_or(1)
        }
    }
}

fn struct_bytes(message: &Message, name: &str, version: i16) -> usize {
    let present = message.find(name).fields.iter().filter(|field| field.versions.contains(version));
    let untagged = present.filter(|field| field.tag.is_none());
    let tag_count = usize::from(message.flexible.contains(version));
    untagged.map(|field| field_bytes(message, field, version)).sum::<usize>() + tag_count
}

fn field_bytes(message: &Message, field: &Field, version: i16) -> usize {
    if field.nullable.contains(version) && matches!(field.kind, Kind::Struct(_)) {
        return 1;
    }
    kind_bytes(message, &field.kind, version, field.never_flexible)
}

fn kind_bytes(message: &Message, kind: &Kind, version: i16, never_flexible: bool) -> usize {
    let compact = message.flexible.contains(version) && !never_flexible;
    match kind {
        Kind::Text | Kind::Bytes | Kind::Records | Kind::Array(_) if compact => 1,
        Kind::Bool | Kind::Int8 => 1,
        Kind::Int16 | Kind::Uint16 | Kind::Text => 2,
        Kind::Int32 | Kind::Bytes | Kind::Records | Kind::Array(_) => 4,
        Kind::Int64 | Kind::Float64 => 8,
        Kind::Uuid => 16,
        Kind::Struct(name) => struct_bytes(message, name, version),
    }
}
