//! Settings of the broker, by the names that Apache Kafka has for them: which are honoured, which are fixed, which are refused.
//! None can be altered over the Kafka protocol: they belong to the cluster and its plan.

mod table;

use std::fmt::Write as _;

use table::SETTINGS;

/// A setting of Apache Kafka's broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Setting {
    name: &'static str,
    standing: Standing,
}

/// What becomes of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Set by this field of the configuration file.
    File(&'static str),
    /// The default of a topic's setting, which each topic may set.
    Default,
    /// Always this value.
    Fixed(&'static str),
    /// Not there, for this reason.
    Refused(&'static str),
}

/// Why a setting can not be altered over the Kafka protocol; none for one that Apache Kafka does not document.
pub(crate) fn refusal(name: &str) -> Option<String> {
    let index = SETTINGS.binary_search_by_key(&name, |setting| setting.name).ok()?;
    Some(match SETTINGS[index].standing {
        Standing::File(_) => "belongs to the cluster and its plan".to_owned(),
        Standing::Default => "is the default of a topic's setting: set it for the topic".to_owned(),
        Standing::Fixed(value) => format!("is always {value}"),
        Standing::Refused(reason) => format!("is not supported: {reason}"),
    })
}

const INTRODUCTION: &str = "\
# Settings of the broker

<!-- Made by `headrace-broker broker-settings`; a test compares the two, and another the names with Apache Kafka's own. -->

Every setting of a broker that Apache Kafka 4.3 documents, by its name there. None can be altered over the Kafka protocol: the refusal names it
and says why. `DescribeConfigs` shows those that are honoured. The fields are those of the broker's configuration file
([broker-process.md](broker-process.md)).

## Honoured

| setting | by |
|---|---|
";

const FIXED: &str = "
## Fixed

| setting | value |
|---|---|
";

const REFUSED: &str = "
## Refused

| setting | why |
|---|---|
";

/// The page, in Markdown.
pub(crate) fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    add(&mut page, |standing| match standing {
        Standing::File(field) => Some(format!("`{field}`")),
        Standing::Default => Some("the setting of topics that has it as its default".to_owned()),
        Standing::Fixed(_) | Standing::Refused(_) => None,
    });
    page.push_str(FIXED);
    add(&mut page, |standing| match standing {
        Standing::Fixed(value) => Some(format!("`{value}`")),
        _ => None,
    });
    page.push_str(REFUSED);
    add(&mut page, |standing| match standing {
        Standing::Refused(reason) => Some(reason.to_owned()),
        _ => None,
    });
    page
}

fn add(page: &mut String, cell: impl Fn(Standing) -> Option<String>) {
    for setting in SETTINGS {
        if let Some(cell) = cell(setting.standing) {
            // Writing to a string does not fail.
            let _ = writeln!(page, "| `{}` | {cell} |", setting.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topics::settings::DEFINITIONS;

    #[test]
    fn the_page_of_the_documentation_is_this_one() {
        let kept = include_str!("../../../../../../docs/broker-settings.md");
        assert_eq!(kept, page(), "run `headrace-broker broker-settings` and keep what it prints");
    }

    #[test]
    fn names_are_sorted_and_unique() {
        assert!(SETTINGS.windows(2).all(|pair| pair[0].name < pair[1].name));
    }

    #[test]
    fn defaults_of_topics_are_those_that_topics_have() {
        let ours: Vec<&str> = SETTINGS
            .iter()
            .filter(|setting| setting.standing == Standing::Default)
            .map(|setting| setting.name)
            .collect();
        let mut theirs: Vec<&str> =
            DEFINITIONS.iter().filter_map(|definition| definition.broker_name).collect();
        theirs.sort_unstable();
        assert_eq!(ours, theirs);
    }

    #[test]
    fn every_refusal_says_why() {
        assert_eq!(
            refusal("num.io.threads").unwrap(),
            "is not supported: the broker runs on one thread and bounds its memory by itself"
        );
        assert_eq!(
            refusal("log.retention.ms").unwrap(),
            "is the default of a topic's setting: set it for the topic"
        );
        assert_eq!(refusal("no.such.setting"), None);
    }
}
