import { Button, Card, Group, Skeleton, Stack, Table, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlus, IconSearch, IconStack2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { type Topic, topics } from "../../api/queries";
import { Empty } from "../../parts/Empty";
import { LinkAnchor } from "../../parts/LinkAnchor";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { plural } from "../../parts/quantities";
import { CreateTopic } from "./CreateTopic";

const SEARCHABLE_FROM = 8;
const SHOWN_MAX = 300;

/** The topics of a cluster. */
export function Topics() {
  const { clusterId } = useParams({ from: "/signed-in/clusters/$clusterId" });
  const found = useQuery(topics(clusterId));
  const [opened, { open, close }] = useDisclosure();
  const [wanted, setWanted] = useState("");
  const create = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={open}>
      Create topic
    </Button>
  );
  const all = found.data ?? [];
  const matching = all.filter((each) => each.name.includes(wanted.trim()));
  return (
    <Stack gap="md">
      {found.isError && <ProblemAlert cause={found.error} />}
      {found.isPending && <Skeleton h={160} />}
      {found.data?.length === 0 && (
        <Empty icon={IconStack2} title="No topics yet" action={create}>
          Records go into topics. A topic has partitions, which programs read side by side.
        </Empty>
      )}
      {all.length > 0 && (
        <>
          <Group justify="space-between">
            {all.length >= SEARCHABLE_FROM ? (
              <TextInput
                aria-label="Find a topic"
                placeholder="Find a topic"
                leftSection={<IconSearch size={16} aria-hidden />}
                value={wanted}
                onChange={(event) => setWanted(event.currentTarget.value)}
              />
            ) : (
              <span>{plural(all.length, "topic")}</span>
            )}
            {create}
          </Group>
          <TopicTable clusterId={clusterId} topics={matching.slice(0, SHOWN_MAX)} />
          {matching.length > SHOWN_MAX && (
            <span>
              {SHOWN_MAX} of {matching.length} topics are shown; search for others.
            </span>
          )}
        </>
      )}
      <CreateTopic clusterId={clusterId} opened={opened} onClose={close} />
    </Stack>
  );
}

function TopicTable({ clusterId, topics }: { clusterId: string; topics: readonly Topic[] }) {
  return (
    <Card withBorder padding={0}>
      <Table verticalSpacing="sm" horizontalSpacing="md" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Topic</Table.Th>
            <Table.Th ta="right">Partitions</Table.Th>
            <Table.Th ta="right" visibleFrom="sm">
              Replicas
            </Table.Th>
            <Table.Th visibleFrom="md">Id</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {topics.map((each) => (
            <Table.Tr key={each.name}>
              <Table.Td style={{ overflowWrap: "anywhere" }}>
                <LinkAnchor
                  to="/clusters/$clusterId/topics/$topic"
                  params={{ clusterId, topic: each.name }}
                  fw={600}
                >
                  {each.name}
                </LinkAnchor>
              </Table.Td>
              <Table.Td ta="right">{each.partitions}</Table.Td>
              <Table.Td ta="right" visibleFrom="sm">
                {each.replication_factor}
              </Table.Td>
              <Table.Td visibleFrom="md" className="mono" fz="sm" c="dimmed">
                {each.id}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}
