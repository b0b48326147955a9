//! What holds the messages together: their traits, the list of modules and the enum of API keys.

use super::NOTICE;
use crate::{
    names,
    schema::{Message, Role},
};

pub(super) fn message_traits(message: &Message) -> String {
    let lifetime = if message.borrows(&message.name) { "<'_>" } else { "" };
    let name = &message.name;
    let flexible =
        if message.flexible.is_empty() { "i16::MAX".to_owned() } else { message.flexible.low.to_string() };
    let mut code = format!(
        "impl Message for {name}{lifetime} {{\nconst NAME: &'static str = {name:?};\n\
         const VERSIONS: std::ops::RangeInclusive<i16> = {}..={};\nconst FLEXIBLE_SINCE: i16 = {flexible};\n}}\n",
        message.valid.low, message.valid.high
    );
    let (suffix, key) = match message.role {
        Role::Request(_) => ("Request", name.trim_end_matches("Request")),
        Role::Response(_) => ("Response", name.trim_end_matches("Response")),
        Role::Header | Role::Data => return code,
    };
    let throttle = match message.role {
        Role::Response(_) if is_throttled(message) => {
            "\nfn set_throttle_time_ms(&mut self, throttle_time_ms: i32) {\nself.throttle_time_ms = throttle_time_ms;\n}\n"
        }
        _ => "",
    };
    code += &format!(
        "\nimpl {suffix} for {name}{lifetime} {{\nconst KEY: ApiKey = ApiKey::{key};\n{throttle}}}\n"
    );
    code
}

/// Whether a response has a throttle time of its own (KIP-219).
fn is_throttled(message: &Message) -> bool {
    let whole = message.structs.iter().find(|item| item.name == message.name);
    whole.is_some_and(|item| item.fields.iter().any(|field| field.name == "throttle_time_ms"))
}

/// `generated/mod.rs`.
pub(crate) fn module_list(messages: &[Message]) -> String {
    let mut code = format!("{NOTICE}//! The messages, one module each.\n\npub mod api_key;\n");
    for message in messages {
        code += &format!("pub mod {};\n", names::snake(&message.name));
    }
    code += "\npub use api_key::ApiKey;\n";
    for message in messages {
        code += &format!("pub use {}::{};\n", names::snake(&message.name), message.name);
    }
    code
}

/// `generated/api_key.rs`.
pub(crate) fn api_keys(messages: &[Message]) -> String {
    let mut keys: Vec<(i16, &str, &Message)> = messages
        .iter()
        .filter_map(|message| match message.role {
            Role::Request(key) => Some((key, message.name.trim_end_matches("Request"), message)),
            _ => None,
        })
        .collect();
    keys.sort_by_key(|(key, ..)| *key);
    let lines = |line: &dyn Fn(&(i16, &str, &Message)) -> String| keys.iter().map(line).collect::<String>();
    let variants = lines(&|(key, name, _)| format!("/// `{name}`.\n{name} = {key},\n"));
    let all = lines(&|(_, name, _)| format!("Self::{name}, "));
    let names = lines(&|(_, name, _)| format!("Self::{name} => {name:?},\n"));
    let versions = lines(&|(_, name, message)| {
        format!("Self::{name} => {}..={},\n", message.valid.low, message.valid.high)
    });
    let flexible = lines(&|(_, name, message)| {
        let since = if message.flexible.is_empty() { i16::MAX } else { message.flexible.low };
        format!("Self::{name} => {since},\n")
    });
    format!(
        "{NOTICE}//! The API keys whose messages are generated.\n\n\
         /// An API of the protocol.\n#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]\n#[repr(i16)]\n\
         pub enum ApiKey {{\n{variants}}}\n\n\
         impl ApiKey {{\n/// Every key, in ascending order.\npub const ALL: &'static [Self] = &[{all}];\n\n\
         /// The name as the definitions write it.\n#[must_use]\npub const fn name(self) -> &'static str {{\nmatch self {{\n{names}}}\n}}\n\n\
         /// The versions that the definitions hold.\n#[must_use]\npub const fn versions(self) -> std::ops::RangeInclusive<i16> {{\nmatch self {{\n{versions}}}\n}}\n\n\
         /// The first version with compact lengths and tagged fields (KIP-482); `i16::MAX` for none.\n#[must_use]\n\
         pub const fn flexible_since(self) -> i16 {{\nmatch self {{\n{flexible}}}\n}}\n}}\n"
    )
}
