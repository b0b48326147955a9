import { Button, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { client, unwrap } from "../../api/client";
import { type Topic, topic as topicQuery, topics } from "../../api/queries";
import { ConfirmByName } from "../../parts/ConfirmByName";
import { Section } from "../../parts/Section";
import { AddPartitions } from "./AddPartitions";
import { SettingsTable } from "./SettingsTable";

/** How a topic is set up, what can be changed of it, and its deletion. */
export function TopicSettings({ topic }: { topic: Topic }) {
  return (
    <Stack gap="lg">
      <AddPartitions topic={topic} />
      <SettingsTable topic={topic} />
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
