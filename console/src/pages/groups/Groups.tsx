import { Card, Skeleton, Stack, Table, Text, TextInput } from "@mantine/core";
import { IconSearch, IconUsersGroup } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { type Group, groups } from "../../api/groups";
import { Empty } from "../../parts/Empty";
import { LinkAnchor } from "../../parts/LinkAnchor";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { plural } from "../../parts/quantities";
import { GroupState } from "./GroupState";

const SEARCHABLE_FROM = 8;
const SHOWN_MAX = 300;

/** The consumer groups of a cluster. */
export function Groups() {
  const { clusterId } = useParams({ from: "/signed-in/clusters/$clusterId" });
  const found = useQuery(groups(clusterId));
  const [wanted, setWanted] = useState("");
  const all = found.data ?? [];
  const matching = all.filter((each) => each.group_id.includes(wanted.trim()));
  return (
    <Stack gap="md">
      {found.isError && <ProblemAlert cause={found.error} />}
      {found.isPending && <Skeleton h={160} />}
      {found.data?.length === 0 && (
        <Empty icon={IconUsersGroup} title="No consumer groups yet">
          Programs that read topics together form a group, which remembers how far they have come.
          It appears here with its first consumer or its first offset.
        </Empty>
      )}
      {all.length > 0 && (
        <>
          {all.length >= SEARCHABLE_FROM ? (
            <TextInput
              aria-label="Find a group"
              placeholder="Find a group"
              leftSection={<IconSearch size={16} aria-hidden />}
              value={wanted}
              onChange={(event) => setWanted(event.currentTarget.value)}
              maw={280}
            />
          ) : (
            <Text size="sm">{plural(all.length, "consumer group")}</Text>
          )}
          <GroupTable clusterId={clusterId} groups={matching.slice(0, SHOWN_MAX)} />
          {matching.length > SHOWN_MAX && (
            <Text size="sm">
              {SHOWN_MAX} of {matching.length} groups are shown; search for others.
            </Text>
          )}
        </>
      )}
    </Stack>
  );
}

function GroupTable({ clusterId, groups }: { clusterId: string; groups: readonly Group[] }) {
  return (
    <Card withBorder padding={0}>
      <Table
        verticalSpacing="sm"
        horizontalSpacing="md"
        highlightOnHover
        aria-label="Consumer groups"
      >
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Group</Table.Th>
            <Table.Th>State</Table.Th>
            <Table.Th visibleFrom="sm">Protocol</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {groups.map((each) => (
            <Table.Tr key={each.group_id}>
              <Table.Td style={{ overflowWrap: "anywhere" }}>
                <LinkAnchor
                  to="/clusters/$clusterId/groups/$group"
                  params={{ clusterId, group: each.group_id }}
                  fw={600}
                >
                  {each.group_id}
                </LinkAnchor>
              </Table.Td>
              <Table.Td>
                <GroupState state={each.state} />
              </Table.Td>
              <Table.Td visibleFrom="sm">{each.is_simple ? "offsets only" : each.type}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}
