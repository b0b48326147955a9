import { Button, Card, Group, Loader, Select, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlayerPause, IconPlayerPlay, IconSend } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { Topic } from "../../api/queries";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { plural } from "../../parts/quantities";
import { FORMATS, type Format } from "./decode";
import { MessageList } from "./MessageList";
import { Produce } from "./Produce";
import { type Place, placeOf, startOf } from "./place";
import { StartFields } from "./StartFields";
import { useMessages } from "./useMessages";

const ROUTE = "/signed-in/clusters/$clusterId/topics/$topic";
const FORMAT_LABELS: Record<Format, string> = {
  auto: "Automatic",
  json: "JSON",
  text: "Text",
  hex: "Hex",
  base64: "Base64",
};
const FORMAT_CHOICES = FORMATS.map((value) => ({ value, label: FORMAT_LABELS[value] }));

/** The records of a topic, live or from a place in the past, and a way to add one. */
export function Messages({ topic }: { topic: Topic }) {
  const place = placeWithin(useSearch({ from: ROUTE }), topic.partitions);
  const navigate = useNavigate();
  const [format, setFormat] = useState<Format>("auto");
  const [wanted, setWanted] = useState({ isOn: true, attempt: 0 });
  const [opened, { open, close }] = useDisclosure();
  const every = Array.from({ length: topic.partitions }, (_, index) => index);
  const chosen = place.partition === undefined ? every : [place.partition];
  const { from, offset, since } = place;
  const start = useMemo(() => startOf({ from, offset, since }), [from, offset, since]);
  const reading = useMessages(topic, chosen, start, wanted);
  const isReading = wanted.isOn && reading.cause === null;
  const turn = (isOn: boolean) => setWanted(({ attempt }) => ({ isOn, attempt: attempt + 1 }));
  const go = (wanted: Place) => {
    void navigate({ to: ".", search: { ...wanted }, replace: true });
    if (wanted.from !== place.from) turn(true);
  };
  return (
    <Stack gap="md">
      <Group align="flex-end" gap="md">
        <StartFields place={place} partitions={topic.partitions} onChange={go} />
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
          isLive={from === undefined}
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

/** An address may name a partition that the topic does not have. */
function placeWithin(place: Place, partitions: number): Place {
  const isThere = place.partition === undefined || place.partition < partitions;
  return isThere ? place : placeOf({ ...place, partition: undefined });
}

function State({
  isLive,
  isReading,
  isPaused,
  count,
}: {
  isLive: boolean;
  isReading: boolean;
  isPaused: boolean;
  count: number;
}) {
  const doing = isPaused ? "More is there." : isReading ? "Waiting for records." : "Not reading.";
  const order = isLive ? "newest first" : "oldest first";
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
        {count === 0 && isReading && isLive && " What is produced from now on shows here."}
      </Text>
    </Group>
  );
}
