//! Resolved messages: types known, fields that no valid version carries gone, defaults made explicit.

use anyhow::{Context, Result, bail};

use crate::{
    definition::{Definition, FieldDefinition},
    names,
    versions::Versions,
};

/// What kind of message a definition describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Request(i16),
    Response(i16),
    Header,
    Data,
}

/// A message with its structs; the first is the message itself.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) valid: Versions,
    pub(crate) flexible: Versions,
    pub(crate) structs: Vec<Struct>,
}

#[derive(Debug)]
pub(crate) struct Struct {
    pub(crate) name: String,
    /// The versions in which the struct can occur.
    pub(crate) versions: Versions,
    pub(crate) fields: Vec<Field>,
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) versions: Versions,
    pub(crate) nullable: Versions,
    pub(crate) tag: Option<u32>,
    pub(crate) default: Option<String>,
    pub(crate) ignorable: bool,
    /// Written in the old style in every version (only the client id of the request header).
    pub(crate) never_flexible: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    Int8,
    Int16,
    Uint16,
    Int32,
    Int64,
    Float64,
    Uuid,
    Text,
    Bytes,
    Records,
    Struct(String),
    Array(Box<Kind>),
}

impl Kind {
    fn parse(text: &str) -> Result<Self> {
        if let Some(element) = text.strip_prefix("[]") {
            return Ok(Self::Array(Box::new(Self::parse(element)?)));
        }
        Ok(match text {
            "bool" => Self::Bool,
            "int8" => Self::Int8,
            "int16" => Self::Int16,
            "uint16" => Self::Uint16,
            "int32" => Self::Int32,
            "int64" => Self::Int64,
            "float64" => Self::Float64,
            "uuid" => Self::Uuid,
            "string" => Self::Text,
            "bytes" => Self::Bytes,
            "records" => Self::Records,
            name if name.starts_with(|first: char| first.is_ascii_uppercase()) => {
                Self::Struct(name.to_owned())
            }
            other => bail!("unknown type {other:?}"),
        })
    }

    fn struct_name(&self) -> Option<&str> {
        match self {
            Self::Struct(name) => Some(name),
            Self::Array(element) => element.struct_name(),
            _ => None,
        }
    }
}

impl Field {
    pub(crate) fn is_optional(&self) -> bool {
        !self.nullable.is_empty()
    }
}

impl Message {
    /// `None` for messages that have no valid version any more.
    pub(crate) fn resolve(definition: &Definition) -> Result<Option<Self>> {
        let valid = Versions::parse(&definition.valid_versions)?;
        if valid.is_empty() {
            return Ok(None);
        }
        let mut structs = Vec::new();
        resolve_struct(&definition.name, &definition.fields, valid, &mut structs)?;
        for common in &definition.common_structs {
            let versions = Versions::parse(&common.versions)?.intersect(valid);
            resolve_struct(&common.name, &common.fields, versions, &mut structs)?;
        }
        let key = || definition.api_key.with_context(|| format!("{} has no apiKey", definition.name));
        let role = match definition.r#type.as_str() {
            "request" => Role::Request(key()?),
            "response" => Role::Response(key()?),
            "header" => Role::Header,
            _ => Role::Data,
        };
        let flexible = Versions::parse(&definition.flexible_versions)?;
        Ok(Some(Self { name: definition.name.clone(), role, valid, flexible, structs }))
    }

    pub(crate) fn find(&self, name: &str) -> &Struct {
        let found = self.structs.iter().find(|candidate| candidate.name == name);
        found.unwrap_or_else(|| panic!("{} has no struct {name}", self.name))
    }

    /// Whether the struct borrows from the frame it was read from.
    pub(crate) fn borrows(&self, name: &str) -> bool {
        self.find(name).fields.iter().any(|field| self.kind_borrows(&field.kind))
    }

    pub(crate) fn kind_borrows(&self, kind: &Kind) -> bool {
        match kind {
            Kind::Text | Kind::Bytes => true,
            Kind::Array(element) => self.kind_borrows(element),
            Kind::Struct(name) => self.borrows(name),
            _ => false,
        }
    }
}

fn resolve_struct(
    name: &str,
    fields: &[FieldDefinition],
    versions: Versions,
    structs: &mut Vec<Struct>,
) -> Result<()> {
    let position = structs.len();
    structs.push(Struct { name: name.to_owned(), versions, fields: Vec::new() });
    for definition in fields {
        let field = resolve_field(definition).with_context(|| format!("{name}.{}", definition.name))?;
        let present = field.versions.intersect(versions);
        if present.is_empty() {
            continue;
        }
        if let (Some(nested), false) = (field.kind.struct_name(), definition.fields.is_empty()) {
            resolve_struct(nested, &definition.fields, present, structs)?;
        }
        structs[position].fields.push(field);
    }
    Ok(())
}

fn resolve_field(definition: &FieldDefinition) -> Result<Field> {
    Ok(Field {
        name: names::field(&definition.name),
        kind: Kind::parse(&definition.r#type)?,
        versions: Versions::parse(&definition.versions)?,
        nullable: Versions::parse(&definition.nullable_versions)?,
        tag: definition.tag,
        default: definition.default.as_ref().map(|value| match value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        }),
        ignorable: definition.ignorable,
        never_flexible: definition.flexible_versions.as_deref() == Some("none"),
    })
}
