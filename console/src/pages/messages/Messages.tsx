import {
  Button,
  Card,
  Group,
  Loader,
  NumberInput,
  SegmentedControl,
  Select,
  Stack,
  Text,
} from "@mantine/core";
import { useDebouncedValue, useDisclosure } from "@mantine/hooks";
import { IconPlayerPause, IconPlayerPlay, IconSend } from "@tabler/icons-react";
import { useState } from "react";
import type { Topic } from "../../api/queries";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { plural } from "../../parts/quantities";
import { FORMATS, type Format } from "./decode";
import { MessageList } from "./MessageList";
import { Produce } from "./Produce";
import type { Start } from "./reading";
import { useMessages } from "./useMessages";

const MODES = [
  { value: "latest", label: "Live" },
  { value: "earliest", label: "From the start" },
  { value: "offset", label: "From an offset" },
] as const;
type Mode = (typeof MODES)[number]["value"];

const FORMAT_LABELS: Record<Format, string> = {
  auto: "Automatic",
  json: "JSON",
  text: "Text",
  hex: "Hex",
  base64: "Base64",
};
const FORMAT_CHOICES = FORMATS.map((value) => ({ value, label: FORMAT_LABELS[value] }));
const ALL = "all";
const TYPING_MS = 400;

/** The records of a topic, live or from a place in the past, and a way to add one. */
export function Messages({ topic }: { topic: Topic }) {
  const [mode, setMode] = useState<Mode>("latest");
  const [partition, setPartition] = useState<string>(ALL);
  const [offset, setOffset] = useState<number | string>(0);
  const [format, setFormat] = useState<Format>("auto");
  const [wanted, setWanted] = useState({ isOn: true, attempt: 0 });
  const [opened, { open, close }] = useDisclosure();
  const every = Array.from({ length: topic.partitions }, (_, index) => index);
  const chosen = partition === ALL ? every : [Number(partition)];
  const [settledOffset] = useDebouncedValue(offset, TYPING_MS);
  const start: Start = mode === "offset" ? Number(settledOffset) || 0 : mode;
  const reading = useMessages(topic, chosen, start, wanted);
  const isReading = wanted.isOn && reading.cause === null;
  const turn = (isOn: boolean) => setWanted(({ attempt }) => ({ isOn, attempt: attempt + 1 }));
  const chooseMode = (wanted: Mode) => {
    // Offsets of different partitions have nothing to do with each other.
    if (wanted === "offset" && partition === ALL) setPartition("0");
    setMode(wanted);
    turn(true);
  };
  const places = every.map((each) => ({ value: String(each), label: `Partition ${each}` }));
  return (
    <Stack gap="md">
      <Group align="flex-end" gap="md">
        <SegmentedControl
          data={[...MODES]}
          value={mode}
          onChange={chooseMode}
          aria-label="Where to read from"
        />
        {mode === "offset" && (
          <NumberInput
            label="Offset"
            value={offset}
            onChange={setOffset}
            min={0}
            allowDecimal={false}
            hideControls
            w={130}
          />
        )}
        <Select
          label="Partition"
          data={mode === "offset" ? places : [{ value: ALL, label: "All partitions" }, ...places]}
          value={partition}
          onChange={(value) => setPartition(value ?? ALL)}
          allowDeselect={false}
          searchable={topic.partitions > 10}
          w={160}
        />
        <Select
          label="Show as"
          data={FORMAT_CHOICES}
          value={format}
          onChange={(value) => setFormat(value ?? "auto")}
          allowDeselect={false}
          w={140}
        />
        <Button
          variant="default"
          leftSection={
            isReading ? (
              <IconPlayerPause size={16} aria-hidden />
            ) : (
              <IconPlayerPlay size={16} aria-hidden />
            )
          }
          onClick={() => turn(!isReading)}
        >
          {isReading ? "Stop" : "Read"}
        </Button>
        <Button leftSection={<IconSend size={16} aria-hidden />} onClick={open} ml={{ md: "auto" }}>
          Produce a record
        </Button>
      </Group>
      {reading.cause !== null && <ProblemAlert cause={reading.cause} />}
      <Card withBorder padding={0}>
        <State
          mode={mode}
          isReading={isReading}
          isPaused={reading.isPaused}
          count={reading.messages.length}
        />
        <MessageList messages={reading.messages} format={format} />
        {reading.isPaused && (
          <Group justify="center" p="md">
            <Button variant="default" onClick={reading.goOn}>
              Read on
            </Button>
          </Group>
        )}
      </Card>
      <Produce topic={topic} opened={opened} onClose={close} />
    </Stack>
  );
}

function State({
  mode,
  isReading,
  isPaused,
  count,
}: {
  mode: Mode;
  isReading: boolean;
  isPaused: boolean;
  count: number;
}) {
  const doing = isPaused ? "More is there." : isReading ? "Waiting for records." : "Not reading.";
  const order = mode === "latest" ? "newest first" : "oldest first";
  return (
    <Group
      gap="sm"
      wrap="nowrap"
      px={14}
      py={10}
      style={{ borderBottom: count > 0 ? "1px solid var(--mantine-color-default-border)" : 0 }}
    >
      {isReading && !isPaused && <Loader size={14} type="dots" aria-hidden />}
      <Text size="sm" c="dimmed" role="status">
        {count > 0 ? `${plural(count, "record")}, ${order}. ${doing}` : doing}
        {count === 0 &&
          isReading &&
          mode === "latest" &&
          " What is produced from now on shows here."}
      </Text>
    </Group>
  );
}
