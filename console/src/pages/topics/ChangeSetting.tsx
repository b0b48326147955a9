import { Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type FormEvent, useState } from "react";
import type { Topic } from "../../api/queries";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { Window } from "../../parts/Window";
import type { Documented } from "./documented";
import { inWords } from "./inWords";
import { useChange, useCheck } from "./useChange";

/** Changes one setting of a topic in place, or puts it back to its default. */
export function ChangeSetting({
  topic,
  setting,
  onClose,
}: {
  topic: Topic;
  setting: Documented | undefined;
  onClose: () => void;
}) {
  return (
    <Window
      opened={setting !== undefined}
      onClose={onClose}
      title={setting === undefined ? "" : `Change ${setting.name}`}
      size="lg"
    >
      {setting && <SettingForm topic={topic} setting={setting} onDone={onClose} />}
    </Window>
  );
}

function SettingForm({
  topic,
  setting,
  onDone,
}: {
  topic: Topic;
  setting: Documented;
  onDone: () => void;
}) {
  const { name } = setting;
  const entry = topic.configs[name];
  const current = entry?.value ?? setting.default;
  const [value, setValue] = useState(current);
  const isChanged = value !== current;
  const check = useCheck(topic, isChanged ? { configs: { [name]: value } } : undefined);
  const change = useChange(topic, (changed) => {
    notifications.show({ message: `${name} is ${shown(changed.configs[name]?.value ?? "")}.` });
    onDone();
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (check.isGood) change.mutate({ configs: { [name]: value } });
  };
  const field = {
    label: name,
    description: `${setting.meaning} Values: ${setting.values}. Default: ${shown(setting.default)}.`,
    inputWrapperOrder: ["label", "input", "description", "error"] as (
      | "label"
      | "input"
      | "description"
      | "error"
    )[],
  };
  const words = inWords(name, value);
  return (
    <form onSubmit={submit}>
      <Stack>
        {setting.choices === undefined ? (
          <TextInput
            {...field}
            value={value}
            onChange={(event) => setValue(event.currentTarget.value)}
            autoComplete="off"
            spellCheck={false}
            classNames={{ input: "mono" }}
            data-autofocus
          />
        ) : (
          <Select
            {...field}
            data={setting.choices}
            value={value}
            onChange={(chosen) => setValue(chosen ?? current)}
            allowDeselect={false}
            data-autofocus
          />
        )}
        <Text size="sm" role="status">
          {words === undefined ? " " : `That is ${words}.`}
        </Text>
        {check.cause !== null && <ProblemAlert cause={check.cause} />}
        {change.isError && <ProblemAlert cause={change.error} />}
        <Group justify="flex-end">
          {entry && !entry.is_default && (
            <Button
              variant="subtle"
              mr="auto"
              onClick={() => change.mutate({ configs: { [name]: null } })}
              disabled={change.isPending}
            >
              Back to default
            </Button>
          )}
          <Button variant="default" onClick={onDone}>
            Cancel
          </Button>
          <Button type="submit" loading={change.isPending} disabled={!check.isGood}>
            Change
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function shown(value: string): string {
  return value === "" ? "empty" : value;
}
