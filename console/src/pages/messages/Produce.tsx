import {
  ActionIcon,
  Alert,
  Button,
  Group,
  SegmentedControl,
  Select,
  Stack,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { IconCheck, IconPlus, IconTrash } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { client, unwrap } from "../../api/client";
import type { Topic } from "../../api/queries";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { Window } from "../../parts/Window";
import { type Draft, recordOf, type ValueType, valueProblem } from "./draft";

const TYPES: { value: ValueType; label: string }[] = [
  { value: "STRING", label: "Text" },
  { value: "JSON", label: "JSON" },
  { value: "BINARY", label: "Base64" },
  { value: "NULL", label: "Null" },
];
const BY_KEY = "by-key";
const HEADERS_MAX = 20;
const EMPTY: Draft = { partition: null, key: "", type: "STRING", value: "", headers: [] };

/** Writes one record. */
export function Produce({
  topic,
  opened,
  onClose,
}: {
  topic: Topic;
  opened: boolean;
  onClose: () => void;
}) {
  return (
    <Window opened={opened} onClose={onClose} title="Produce a record" size="lg">
      <RecordForm topic={topic} onDone={onClose} />
    </Window>
  );
}

function RecordForm({ topic, onDone }: { topic: Topic; onDone: () => void }) {
  const [draft, setDraft] = useState<Draft>(EMPTY);
  const change = (changes: Partial<Draft>) => setDraft((before) => ({ ...before, ...changes }));
  const produce = useMutation({
    mutationFn: () =>
      unwrap(
        client.POST("/kafka/v3/clusters/{cluster_id}/topics/{topic}/records", {
          params: { path: { cluster_id: topic.cluster_id, topic: topic.name } },
          body: recordOf(draft),
        }),
      ),
  });
  const problem = valueProblem(draft);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (problem === undefined) produce.mutate();
  };
  const partitions = Array.from({ length: topic.partitions }, (_, index) => ({
    value: String(index),
    label: `Partition ${index}`,
  }));
  return (
    <form onSubmit={submit}>
      <Stack>
        <Group grow align="flex-start">
          <TextInput
            label="Key"
            description="Records of one key stay in order. May be left out."
            value={draft.key}
            onChange={(event) => change({ key: event.currentTarget.value })}
            autoComplete="off"
            spellCheck={false}
            data-autofocus
          />
          <Select
            label="Partition"
            description="The key chooses one, or else chance."
            data={[{ value: BY_KEY, label: "Automatic" }, ...partitions]}
            value={draft.partition === null ? BY_KEY : String(draft.partition)}
            onChange={(value) =>
              change({ partition: value === null || value === BY_KEY ? null : Number(value) })
            }
            allowDeselect={false}
          />
        </Group>
        <Stack gap={6}>
          <SegmentedControl
            data={TYPES}
            value={draft.type}
            onChange={(type) => change({ type })}
            aria-label="Type of the value"
            w="fit-content"
          />
          <Textarea
            label="Value"
            value={draft.value}
            onChange={(event) => change({ value: event.currentTarget.value })}
            disabled={draft.type === "NULL"}
            error={draft.value === "" ? undefined : problem}
            autosize
            minRows={4}
            maxRows={14}
            spellCheck={false}
            classNames={{ input: "mono" }}
          />
        </Stack>
        <Headers headers={draft.headers} onChange={(headers) => change({ headers })} />
        {produce.isError && <ProblemAlert cause={produce.error} />}
        {produce.data !== undefined && <Written report={produce.data} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onDone}>
            Close
          </Button>
          <Button type="submit" loading={produce.isPending} disabled={problem !== undefined}>
            Produce
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Headers({
  headers,
  onChange,
}: {
  headers: Draft["headers"];
  onChange: (headers: Draft["headers"]) => void;
}) {
  const change = (index: number, changes: Partial<Draft["headers"][number]>) =>
    onChange(headers.map((each, at) => (at === index ? { ...each, ...changes } : each)));
  return (
    <Stack gap="xs">
      {headers.map((header, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: headers have no identity but their place
        <Group key={index} gap="xs" wrap="nowrap">
          <TextInput
            aria-label={`Name of header ${index + 1}`}
            placeholder="Name"
            value={header.name}
            onChange={(event) => change(index, { name: event.currentTarget.value })}
            flex={1}
          />
          <TextInput
            aria-label={`Value of header ${index + 1}`}
            placeholder="Value"
            value={header.value}
            onChange={(event) => change(index, { value: event.currentTarget.value })}
            flex={2}
          />
          <ActionIcon
            variant="default"
            size="lg"
            aria-label={`Remove header ${index + 1}`}
            onClick={() => onChange(headers.filter((_, at) => at !== index))}
          >
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
      ))}
      <Button
        variant="subtle"
        size="compact-sm"
        w="fit-content"
        leftSection={<IconPlus size={14} aria-hidden />}
        onClick={() => onChange([...headers, { name: "", value: "" }])}
        disabled={headers.length >= HEADERS_MAX}
      >
        Add a header
      </Button>
    </Stack>
  );
}

function Written({ report }: { report: { partition_id?: number; offset?: number } }) {
  return (
    <Alert color="teal" icon={<IconCheck aria-hidden />} role="status" title="It is written">
      <Text size="sm">
        Partition {report.partition_id}, offset {report.offset}.
      </Text>
    </Alert>
  );
}
