//! The page of the documentation that says what becomes of every configuration.

use std::fmt::Write as _;

use super::{Allowed, DEFINITIONS, Definition, Kind, UNSUPPORTED};

const INTRODUCTION: &str = "\
# Settings of topics

<!-- Made by `headrace-broker topic-settings`; a test compares the two. -->

Every setting of a topic that Apache Kafka 4.3 documents is either honoured or refused by name; none is swallowed. They are
set when a topic is made, changed by `IncrementalAlterConfigs` and `AlterConfigs`, shown by `DescribeConfigs`, durable before the
answer and in force at once. Settings of the broker are read from its configuration file and can not be altered over the
Kafka protocol.

## Honoured

| setting | type | default | values | meaning |
|---|---|---|---|---|
";

const REFUSED: &str = "
## Refused

| setting | why |
|---|---|
";

/// The page, in Markdown.
pub(crate) fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for definition in DEFINITIONS {
        let Definition { name, kind, default, documentation, .. } = definition;
        // Writing to a string does not fail.
        let _ = writeln!(
            page,
            "| `{name}` | {} | {} | {} | {documentation} |",
            kind.name(),
            value(default),
            values(definition)
        );
    }
    page.push_str(REFUSED);
    for unsupported in UNSUPPORTED {
        let _ = writeln!(page, "| `{}` | {} |", unsupported.name, unsupported.reason);
    }
    page
}

fn value(text: &str) -> String {
    if text.is_empty() { "empty".to_owned() } else { format!("`{text}`") }
}

fn values(definition: &Definition) -> String {
    match definition.allowed {
        Allowed::Ratio => "0 to 1".to_owned(),
        Allowed::Range(low, high) => format!("{low} to {high}"),
        Allowed::Words(words, reason) => {
            let or_empty = if definition.kind == Kind::List { " or empty" } else { "" };
            format!("`{}`{or_empty}: {reason}", words.join("`, `"))
        }
        Allowed::Nothing(reason) => format!("empty: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_the_documentation_is_this_one() {
        let kept = include_str!("../../../../../../../docs/topic-settings.md");
        assert_eq!(kept, page(), "run `headrace-broker topic-settings` and keep what it prints");
    }
}
