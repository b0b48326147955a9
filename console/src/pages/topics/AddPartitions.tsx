import { Button, Group, NumberInput, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { type FormEvent, useState } from "react";
import type { Topic } from "../../api/queries";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { plural } from "../../parts/quantities";
import { Section } from "../../parts/Section";
import { Window } from "../../parts/Window";
import { useChange, useCheck } from "./useChange";

/** How many partitions a topic has, and a way to more. */
export function AddPartitions({ topic }: { topic: Topic }) {
  const [opened, { open, close }] = useDisclosure();
  return (
    <Section
      title="Partitions"
      description={`${plural(topic.partitions, "partition")}: so many consumers of one group can share the reading. There can be more, never fewer.`}
      actions={
        <Button variant="default" onClick={open}>
          Add partitions
        </Button>
      }
    >
      <Window opened={opened} onClose={close} title="Add partitions" size="lg">
        <PartitionsForm topic={topic} onDone={close} />
      </Window>
    </Section>
  );
}

function PartitionsForm({ topic, onDone }: { topic: Topic; onDone: () => void }) {
  const [wanted, setWanted] = useState<number | string>(topic.partitions + 1);
  const partitions = Number(wanted);
  const isMore = Number.isSafeInteger(partitions) && partitions > topic.partitions;
  const check = useCheck(topic, isMore ? { partitions, configs: {} } : undefined);
  const change = useChange(topic, (changed) => {
    notifications.show({
      message: `${changed.name} has ${plural(changed.partitions, "partition")}.`,
    });
    onDone();
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (check.isGood) change.mutate({ partitions, configs: {} });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <NumberInput
          label="Partitions"
          description={`All in all; now there are ${topic.partitions}.`}
          value={wanted}
          onChange={setWanted}
          min={topic.partitions + 1}
          allowDecimal={false}
          hideControls
          data-autofocus
          required
        />
        <Text size="sm">
          Records that are there stay where they are. New records of a key may go to another
          partition than those before them, so their order across the change is not kept.
        </Text>
        {check.cause !== null && <ProblemAlert cause={check.cause} />}
        {change.isError && <ProblemAlert cause={change.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onDone}>
            Cancel
          </Button>
          <Button type="submit" loading={change.isPending} disabled={!check.isGood}>
            Add partitions
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
