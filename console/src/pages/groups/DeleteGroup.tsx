import { Button, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { client, unwrap } from "../../api/client";
import { type GroupDetail, group as groupQuery, groups } from "../../api/groups";
import { ConfirmByName } from "../../parts/ConfirmByName";
import { Section } from "../../parts/Section";

/** Deletes a group with what it has committed. */
export function DeleteGroup({ clusterId, group }: { clusterId: string; group: GroupDetail }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [opened, { open, close }] = useDisclosure();
  const remove = useMutation({
    mutationFn: () =>
      unwrap(
        client.DELETE("/v1/clusters/{cluster_id}/groups/{group_id}", {
          params: { path: { cluster_id: clusterId, group_id: group.group_id } },
        }),
      ),
    onSuccess: async () => {
      await navigate({ to: "/clusters/$clusterId/groups", params: { clusterId } });
      queries.removeQueries({ queryKey: groupQuery(clusterId, group.group_id).queryKey });
      await queries.invalidateQueries({ queryKey: groups(clusterId).queryKey });
      notifications.show({ message: `Group ${group.group_id} is deleted.` });
    },
  });
  return (
    <Section title="Delete this group">
      <Text size="sm">
        What it has committed is lost; records are not. Consumers that come back under its name
        begin where their own settings say.
      </Text>
      {group.members.length > 0 ? (
        <Text size="sm" c="dimmed">
          It has members. Stop its consumers first.
        </Text>
      ) : (
        <Button color="red" variant="light" onClick={open} w="fit-content">
          Delete group
        </Button>
      )}
      <ConfirmByName
        title="Delete this group?"
        name={group.group_id}
        action="Delete group"
        opened={opened}
        onClose={close}
        onConfirm={() => remove.mutate()}
        isPending={remove.isPending}
        cause={remove.error}
      >
        How far it has read is forgotten. There is no way back.
      </ConfirmByName>
    </Section>
  );
}
