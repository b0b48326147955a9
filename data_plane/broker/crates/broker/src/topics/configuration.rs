//! Changing the configurations of topics: checked as a whole, durable, then in force on the open logs.

use std::collections::BTreeMap;

use headrace_types::{ErrorCode, TopicId};

use super::{
    Refusal, Slot, State, TopicRef, Topics,
    administration::{check_together, refusal_of},
    partitions_of,
    settings::{self, ConfigChange, Settings},
};

impl Topics {
    /// Changes some configurations of a topic and leaves the others as they are.
    pub(crate) fn alter_configs(
        &self,
        name: &str,
        changes: &[ConfigChange<'_>],
        validate_only: bool,
    ) -> Result<(), Refusal> {
        let present = self.present_configs(name)?;
        self.replace_configs(name, &present, settings::apply(&present, changes)?, validate_only)
    }

    /// Gives a topic these configurations and no others.
    pub(crate) fn set_configs(
        &self,
        name: &str,
        configs: BTreeMap<String, String>,
        validate_only: bool,
    ) -> Result<(), Refusal> {
        let present = self.present_configs(name)?;
        self.replace_configs(name, &present, configs, validate_only)
    }

    fn present_configs(&self, name: &str) -> Result<BTreeMap<String, String>, Refusal> {
        let unknown = || Refusal::new(ErrorCode::UnknownTopicOrPartition, "there is no such topic");
        self.configs_of(name).ok_or_else(unknown)
    }

    fn replace_configs(
        &self,
        name: &str,
        present: &BTreeMap<String, String>,
        wanted: BTreeMap<String, String>,
        validate_only: bool,
    ) -> Result<(), Refusal> {
        for (config, value) in &wanted {
            self.check_config(config, value)?;
            // What a topic had before there was a ceiling must not stop other changes.
            if present.get(config) != Some(value) {
                self.check_ceiling(config, value)?;
            }
        }
        check_together(&wanted)?;
        if validate_only || wanted == *present {
            return Ok(());
        }
        let id = self
            .resolve(TopicRef::Name(name))
            .map_err(|code| Refusal::new(code, "there is no such topic"))?;
        let settings = Settings::of(&wanted, self.ceilings);
        let state = &mut *self.state.borrow_mut();
        state.catalog.configure(name, wanted).map_err(|error| refusal_of(&error))?;
        state.configure_logs(name, id, settings);
        self.compaction.notify_one();
        tracing::info!(topic = name, %id, "topic configurations changed");
        Ok(())
    }
}

impl State {
    fn configure_logs(&mut self, name: &str, id: TopicId, settings: Settings) {
        let partitions = self.catalog.by_name(name).map_or(0, |topic| topic.partitions);
        for partition in partitions_of(id, 0..partitions) {
            if let Some(Slot::Online(online)) = self.logs.get_mut(&partition) {
                online.log.configure(settings.log);
                online.settings = settings;
            }
        }
    }
}
