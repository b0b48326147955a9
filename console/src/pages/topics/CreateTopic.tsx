import { Button, Group, NumberInput, Select, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { client, unwrap } from "../../api/client";
import { topics } from "../../api/queries";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { Window } from "../../parts/Window";
import { chosenConfigs, DEFAULT, SETTINGS } from "./settings";

const NAME_LENGTH_MAX = 249;
const PARTITIONS_MAX = 1000;
const PARTITIONS_DEFAULT = 3;

/** Makes a topic; the cluster itself says what is wrong with a name or a number. */
export function CreateTopic({
  clusterId,
  opened,
  onClose,
}: {
  clusterId: string;
  opened: boolean;
  onClose: () => void;
}) {
  return (
    <Window opened={opened} onClose={onClose} title="Create a topic" size="lg">
      <TopicForm clusterId={clusterId} onCancel={onClose} />
    </Window>
  );
}

function TopicForm({ clusterId, onCancel }: { clusterId: string; onCancel: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [partitions, setPartitions] = useState<number | string>(PARTITIONS_DEFAULT);
  const [configs, setConfigs] = useState<Readonly<Record<string, string>>>({});
  const create = useMutation({
    mutationFn: () =>
      unwrap(
        client.POST("/v1/clusters/{cluster_id}/topics", {
          params: { path: { cluster_id: clusterId } },
          body: {
            name: name.trim(),
            partitions: Number(partitions),
            configs: chosenConfigs(configs),
          },
        }),
      ),
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: topics(clusterId).queryKey });
      await navigate({
        to: "/clusters/$clusterId/topics/$topic",
        params: { clusterId, topic: made.name },
      });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label="Topic name"
          description="Letters, digits, dots, underscores and hyphens."
          placeholder="flights"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={NAME_LENGTH_MAX}
          autoComplete="off"
          spellCheck={false}
          required
          data-autofocus
        />
        <NumberInput
          label="Partitions"
          description="How many consumers of one group can share the reading."
          value={partitions}
          onChange={setPartitions}
          min={1}
          max={PARTITIONS_MAX}
          clampBehavior="strict"
          allowDecimal={false}
          hideControls
          required
        />
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          {SETTINGS.map((setting) => (
            <Select
              key={setting.name}
              label={setting.label}
              description={setting.documentation}
              data={setting.choices}
              value={configs[setting.name] ?? DEFAULT}
              onChange={(value) =>
                setConfigs((before) => ({ ...before, [setting.name]: value ?? DEFAULT }))
              }
              allowDeselect={false}
            />
          ))}
        </SimpleGrid>
        {create.isError && <ProblemAlert cause={create.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
          <Button
            type="submit"
            loading={create.isPending}
            disabled={name.trim() === "" || Number(partitions) < 1}
          >
            Create topic
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
