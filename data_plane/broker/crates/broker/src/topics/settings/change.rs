//! How the configurations of a topic change (KIP-339): set, back to the default, a list made longer or shorter.

use std::collections::{BTreeMap, BTreeSet};

use headrace_types::ErrorCode;

use super::{Kind, definition, entries, is_known, shortened, unknown};
use crate::topics::Refusal;

/// What is done to a configuration (`AlterConfigOp.OpType` of Apache Kafka).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Set,
    /// Back to the default.
    Delete,
    /// Adds entries to a list.
    Append,
    /// Takes entries out of a list.
    Subtract,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConfigChange<'a> {
    pub(crate) name: &'a str,
    pub(crate) operation: Operation,
    /// None only where there is nothing to say.
    pub(crate) value: Option<&'a str>,
}

impl Operation {
    /// The operation with this number on the wire.
    pub(crate) fn from_wire(number: i8) -> Option<Self> {
        [Self::Set, Self::Delete, Self::Append, Self::Subtract].get(usize::try_from(number).ok()?).copied()
    }
}

/// The configurations after all changes. Whether their values can be taken is not looked at.
pub(crate) fn apply(
    configs: &BTreeMap<String, String>,
    changes: &[ConfigChange<'_>],
) -> Result<BTreeMap<String, String>, Refusal> {
    let mut after = configs.clone();
    let mut names = BTreeSet::new();
    for change in changes {
        if !names.insert(change.name) {
            let message = format!("{} is changed more than once", shortened(change.name));
            return Err(Refusal::new(ErrorCode::InvalidRequest, message));
        }
        apply_one(&mut after, change)?;
    }
    Ok(after)
}

fn apply_one(configs: &mut BTreeMap<String, String>, change: &ConfigChange<'_>) -> Result<(), Refusal> {
    let name = change.name;
    let invalid = |message| Refusal::new(ErrorCode::InvalidConfig, message);
    if change.operation == Operation::Delete && is_known(name) {
        configs.remove(name);
        return Ok(());
    }
    let definition = definition(name).ok_or_else(|| invalid(unknown(name)))?;
    let value = change.value.ok_or_else(|| {
        let message = format!("{name} is given no value: delete it to have its default");
        Refusal::new(ErrorCode::InvalidRequest, message)
    })?;
    let is_list = definition.kind == Kind::List;
    if change.operation != Operation::Set && !is_list {
        let message = format!("{name} is no list: nothing can be added to it or taken out of it, set it");
        return Err(invalid(message));
    }
    let present = configs.get(name).map_or(definition.default, String::as_str);
    let value = match change.operation {
        Operation::Append => appended(present, value),
        Operation::Subtract => subtracted(present, value),
        Operation::Set | Operation::Delete => value.to_owned(),
    };
    configs.insert(name.to_owned(), value);
    Ok(())
}

/// Entries that are there already are not added again.
fn appended(list: &str, added: &str) -> String {
    let mut present = entries(list);
    for entry in entries(added) {
        if !present.contains(&entry) {
            present.push(entry);
        }
    }
    present.join(",")
}

fn subtracted(list: &str, removed: &str) -> String {
    let removed = entries(removed);
    let rest: Vec<&str> = entries(list).into_iter().filter(|entry| !removed.contains(entry)).collect();
    rest.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(
        name: &'static str,
        operation: Operation,
        value: Option<&'static str>,
    ) -> ConfigChange<'static> {
        ConfigChange { name, operation, value }
    }

    fn after(changes: &[ConfigChange<'_>]) -> Result<BTreeMap<String, String>, ErrorCode> {
        let configs = BTreeMap::from([("retention.ms".to_owned(), "5".to_owned())]);
        apply(&configs, changes).map_err(|refusal| refusal.code)
    }

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_is_set_is_added_and_what_is_deleted_is_gone() {
        let changes = [
            change("segment.ms", Operation::Set, Some("7")),
            change("retention.ms", Operation::Delete, None),
            change("flush.ms", Operation::Delete, Some("whatever")),
            change("segment.index.bytes", Operation::Delete, None),
        ];
        assert_eq!(after(&changes), Ok(map(&[("segment.ms", "7")])));
    }

    #[test]
    fn lists_grow_and_shrink_from_what_they_are_or_from_their_default() {
        let policy = |operation, value| {
            let changed = after(&[change("cleanup.policy", operation, Some(value))]).unwrap();
            changed["cleanup.policy"].clone()
        };
        assert_eq!(policy(Operation::Append, "compact"), "delete,compact");
        assert_eq!(policy(Operation::Append, "delete, compact"), "delete,compact");
        assert_eq!(policy(Operation::Append, ""), "delete");
        assert_eq!(policy(Operation::Subtract, "delete"), "");
        assert_eq!(policy(Operation::Subtract, "compact"), "delete");
    }

    #[test]
    fn changes_that_make_no_sense_are_refused() {
        let code = |name, operation, value| after(&[change(name, operation, value)]).unwrap_err();
        assert_eq!(code("retention.ms", Operation::Append, Some("5")), ErrorCode::InvalidConfig);
        assert_eq!(code("retention.ms", Operation::Subtract, Some("5")), ErrorCode::InvalidConfig);
        assert_eq!(code("retention.ms", Operation::Set, None), ErrorCode::InvalidRequest);
        assert_eq!(code("no.such.thing", Operation::Delete, None), ErrorCode::InvalidConfig);
        let twice =
            [change("segment.ms", Operation::Set, Some("7")), change("segment.ms", Operation::Delete, None)];
        assert_eq!(after(&twice), Err(ErrorCode::InvalidRequest));
    }

    #[test]
    fn operations_are_numbered_as_on_the_wire() {
        assert_eq!(Operation::from_wire(0), Some(Operation::Set));
        assert_eq!(Operation::from_wire(3), Some(Operation::Subtract));
        assert_eq!([Operation::from_wire(-1), Operation::from_wire(4)], [None, None]);
    }
}
