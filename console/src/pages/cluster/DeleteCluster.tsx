import { Button, Checkbox, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { client, unwrap } from "../../api/client";
import { type Cluster, cluster as clusterQuery, clusters, plans } from "../../api/queries";
import { deletionOf } from "../../api/useCluster";
import { ConfirmByName } from "../../parts/ConfirmByName";
import { Section } from "../../parts/Section";

/** Deletes a cluster, kept for some days or for good. */
export function DeleteCluster({ cluster, isAllowed }: { cluster: Cluster; isAllowed: boolean }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [opened, { open, close }] = useDisclosure();
  const [purge, setPurge] = useState(false);
  const offered = useQuery(plans);
  const days = offered.data?.items.find((each) => each.id === cluster.plan)?.undelete_days;
  const remove = useMutation({
    mutationKey: deletionOf(cluster.id),
    mutationFn: () =>
      unwrap(
        client.DELETE("/v1/clusters/{cluster_id}", {
          params: { path: { cluster_id: cluster.id }, query: { purge } },
        }),
      ),
    onSuccess: async () => {
      await navigate({ to: "/" });
      queries.removeQueries({ queryKey: clusterQuery(cluster.id).queryKey });
      await queries.invalidateQueries({ queryKey: clusters.queryKey });
      notifications.show({
        message: purge
          ? `Cluster ${cluster.name} is deleted for good.`
          : `Cluster ${cluster.name} is deleted; it can be brought back under Deleted clusters.`,
      });
    },
  });
  return (
    <Section title="Delete this cluster">
      <Text size="sm">
        It stops at once and its name becomes free. Its data and keys are kept
        {days === undefined ? " for some days" : ` for ${days} days`}, at the price of its storage,
        and until then it can be brought back.
      </Text>
      {!isAllowed && (
        <Text size="sm" c="dimmed">
          You are signed in with a key of this cluster alone; a key of the organization can delete
          it.
        </Text>
      )}
      {isAllowed && cluster.deletion_protection && (
        <Text size="sm" c="dimmed">
          It is protected from deletion. Turn the protection off above first.
        </Text>
      )}
      {isAllowed && !cluster.deletion_protection && (
        <Button color="red" variant="light" onClick={open} w="fit-content">
          Delete cluster
        </Button>
      )}
      <ConfirmByName
        title="Delete this cluster?"
        name={cluster.name}
        action={purge ? "Delete for good" : "Delete cluster"}
        opened={opened}
        onClose={close}
        onConfirm={() => remove.mutate()}
        isPending={remove.isPending}
        cause={remove.error}
        options={
          <Checkbox
            label="Remove its data for good, at once"
            checked={purge}
            onChange={(event) => setPurge(event.currentTarget.checked)}
          />
        }
      >
        {purge
          ? "Everything in it is lost. There is no way back."
          : "Programs that use it are refused from now on. It can be brought back for some days."}
      </ConfirmByName>
    </Section>
  );
}
