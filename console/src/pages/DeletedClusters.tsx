import { Button, Group, Stack, Table, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { client, unwrap } from "../api/client";
import { toProblem } from "../api/problem";
import { type Cluster, clusters, deletedClusters } from "../api/queries";
import { ProblemAlert } from "../parts/ProblemAlert";
import { moment } from "../parts/quantities";
import { Section } from "../parts/Section";

const NAME_TAKEN = "cluster_name_taken";

/** Deleted clusters that can be brought back; nothing where there are none. */
export function DeletedClusters() {
  const found = useQuery(deletedClusters);
  if (found.isError) return <ProblemAlert cause={found.error} />;
  if (found.data === undefined || found.data.length === 0) return null;
  return (
    <Section
      title="Deleted clusters"
      description="What they keep costs its storage until their data goes."
    >
      <Table.ScrollContainer minWidth={480}>
        <Table verticalSpacing="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Name</Table.Th>
              <Table.Th>Deleted</Table.Th>
              <Table.Th>Data goes</Table.Th>
              <Table.Th />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {found.data.map((each) => (
              <Deleted key={each.id} cluster={each} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Section>
  );
}

function Deleted({ cluster }: { cluster: Cluster }) {
  const queries = useQueryClient();
  const [name, setName] = useState(cluster.name);
  const undelete = useMutation({
    mutationFn: () =>
      unwrap(
        client.POST("/v1/clusters/{cluster_id}:undelete", {
          params: { path: { cluster_id: cluster.id } },
          body: name === cluster.name ? null : { name },
        }),
      ),
    onSuccess: () => notifications.show({ message: `Cluster ${name} is back.` }),
    onSettled: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: clusters.queryKey }),
        queries.invalidateQueries({ queryKey: deletedClusters.queryKey }),
      ]),
  });
  const isTaken = undelete.isError && toProblem(undelete.error).body.code === NAME_TAKEN;
  return (
    <Table.Tr>
      <Table.Td style={{ overflowWrap: "anywhere" }}>
        <Stack gap="xs">
          <Text size="sm">{cluster.name}</Text>
          {isTaken && (
            <TextInput
              label="Another name"
              description="Its own is another cluster's by now."
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
          )}
          {undelete.isError && !isTaken && <ProblemAlert cause={undelete.error} />}
        </Stack>
      </Table.Td>
      <Table.Td>{cluster.deleted_at && moment(cluster.deleted_at)}</Table.Td>
      <Table.Td>{cluster.purge_at && moment(cluster.purge_at)}</Table.Td>
      <Table.Td>
        <Group justify="flex-end">
          <Button
            variant="default"
            size="xs"
            onClick={() => undelete.mutate()}
            loading={undelete.isPending}
            aria-label={`Bring ${cluster.name} back`}
          >
            Bring back
          </Button>
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}
