import { Badge, Button, Stack, Table, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { client, unwrap } from "../../api/client";
import { type Topic, topic as topicQuery, topics } from "../../api/queries";
import { ConfirmByName } from "../../parts/ConfirmByName";
import { Section } from "../../parts/Section";

/** How a topic is set up, and its deletion. */
export function TopicSettings({ topic }: { topic: Topic }) {
  const entries = Object.entries(topic.configs).sort(([a], [b]) => a.localeCompare(b));
  return (
    <Stack gap="lg">
      <Section title="Configuration" description="As the cluster itself tells it.">
        <Table layout="fixed" verticalSpacing="xs" horizontalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Setting</Table.Th>
              <Table.Th>Value</Table.Th>
              <Table.Th visibleFrom="sm" w={110}>
                Source
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {entries.map(([name, entry]) => (
              <Table.Tr key={name}>
                <Table.Td className="mono" fz="sm" style={{ overflowWrap: "anywhere" }}>
                  {name}
                </Table.Td>
                <Table.Td className="mono" fz="sm" style={{ overflowWrap: "anywhere" }}>
                  {entry.value ?? "–"}
                </Table.Td>
                <Table.Td visibleFrom="sm">
                  <Badge variant="light" color={entry.is_default ? "gray" : "water"} tt="none">
                    {entry.is_default ? "default" : "chosen"}
                  </Badge>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Section>
      <DeleteTopic topic={topic} />
    </Stack>
  );
}

function DeleteTopic({ topic }: { topic: Topic }) {
  const [opened, { open, close }] = useDisclosure();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () =>
      unwrap(
        client.DELETE("/v1/clusters/{cluster_id}/topics/{topic_name}", {
          params: { path: { cluster_id: topic.cluster_id, topic_name: topic.name } },
        }),
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: topics(topic.cluster_id).queryKey });
      await navigate({
        to: "/clusters/$clusterId/topics",
        params: { clusterId: topic.cluster_id },
      });
      queries.removeQueries({ queryKey: topicQuery(topic.cluster_id, topic.name).queryKey });
      notifications.show({ message: `Topic ${topic.name} is deleted.` });
    },
  });
  return (
    <Section title="Delete this topic">
      <Text size="sm">All its records are gone for good.</Text>
      <Button color="red" variant="light" onClick={open} w="fit-content">
        Delete topic
      </Button>
      <ConfirmByName
        title="Delete this topic?"
        name={topic.name}
        action="Delete topic"
        opened={opened}
        onClose={close}
        onConfirm={() => remove.mutate()}
        isPending={remove.isPending}
        cause={remove.error}
      >
        All its records are lost. There is no way back.
      </ConfirmByName>
    </Section>
  );
}
