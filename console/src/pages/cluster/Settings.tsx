import { Button, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useRouteContext } from "@tanstack/react-router";
import { client, unwrap } from "../../api/client";
import { cluster, clusters } from "../../api/queries";
import { deletionOf, useCluster } from "../../api/useCluster";
import { ConfirmByName } from "../../parts/ConfirmByName";
import { Section } from "../../parts/Section";

/** What changes a cluster as a whole. */
export function Settings() {
  const { clusterId } = useParams({ from: "/signed-in/clusters/$clusterId" });
  const { session } = useRouteContext({ from: "/signed-in" });
  const { data } = useCluster(clusterId);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [opened, { open, close }] = useDisclosure();
  const remove = useMutation({
    mutationKey: deletionOf(clusterId),
    mutationFn: () =>
      unwrap(
        client.DELETE("/v1/clusters/{cluster_id}", { params: { path: { cluster_id: clusterId } } }),
      ),
    onSuccess: async () => {
      await navigate({ to: "/" });
      queries.removeQueries({ queryKey: cluster(clusterId).queryKey });
      await queries.invalidateQueries({ queryKey: clusters.queryKey });
      notifications.show({ message: `Cluster ${data?.name ?? clusterId} is deleted.` });
    },
  });
  if (data === undefined) return null;
  return (
    <Section title="Delete this cluster">
      <Text size="sm">
        Its topics and all their records are gone for good, its keys stop working, and its addresses
        become free.
      </Text>
      {session.cluster_id === null ? (
        <Button color="red" variant="light" onClick={open} w="fit-content">
          Delete cluster
        </Button>
      ) : (
        <Text size="sm" c="dimmed">
          You are signed in with a key of this cluster alone; a key of the organization can delete
          it.
        </Text>
      )}
      <ConfirmByName
        title="Delete this cluster?"
        name={data.name}
        action="Delete cluster"
        opened={opened}
        onClose={close}
        onConfirm={() => remove.mutate()}
        isPending={remove.isPending}
        cause={remove.error}
      >
        Everything in it is lost. There is no way back.
      </ConfirmByName>
    </Section>
  );
}
