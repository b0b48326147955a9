import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconPlayerPause, IconPlayerPlay, IconRefresh } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { client, unwrap } from "../../api/client";
import { type Cluster, cluster as clusterQuery, clusters } from "../../api/queries";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { moment } from "../../parts/quantities";
import { Section } from "../../parts/Section";

const VERBS = {
  pause: "/v1/clusters/{cluster_id}:pause",
  resume: "/v1/clusters/{cluster_id}:resume",
  restart: "/v1/clusters/{cluster_id}:restart",
} as const;

type Verb = keyof typeof VERBS;

const DONE: Record<Verb, string> = {
  pause: "is paused",
  resume: "runs again",
  restart: "was restarted",
};

/** Pauses, resumes and restarts a cluster. */
export function RunControls({ cluster, isAllowed }: { cluster: Cluster; isAllowed: boolean }) {
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: (verb: Verb) =>
      unwrap(client.POST(VERBS[verb], { params: { path: { cluster_id: cluster.id } } })),
    onSuccess: (_, verb) =>
      notifications.show({ message: `Cluster ${cluster.name} ${DONE[verb]}.` }),
    onSettled: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: clusterQuery(cluster.id).queryKey }),
        queries.invalidateQueries({ queryKey: clusters.queryKey }),
      ]),
  });
  const isPaused = cluster.status === "paused";
  const canStop = cluster.status === "running" || cluster.status === "failed";
  const isPending = (verb: Verb) => change.isPending && change.variables === verb;
  return (
    <Section title="Running">
      <Text size="sm">
        {isPaused
          ? `Paused since ${moment(cluster.status_since)}: data and addresses are kept, only storage costs something, and connections are refused.`
          : "A paused cluster keeps its data and addresses and costs only its storage. It is back in less than a second."}
      </Text>
      {change.isError && <ProblemAlert cause={change.error} />}
      {isAllowed ? (
        <Group>
          {isPaused ? (
            <Button
              leftSection={<IconPlayerPlay size={16} aria-hidden />}
              onClick={() => change.mutate("resume")}
              loading={isPending("resume")}
            >
              Resume
            </Button>
          ) : (
            <Button
              variant="default"
              leftSection={<IconPlayerPause size={16} aria-hidden />}
              onClick={() => change.mutate("pause")}
              loading={isPending("pause")}
              disabled={!canStop}
            >
              Pause
            </Button>
          )}
          <Button
            variant="default"
            leftSection={<IconRefresh size={16} aria-hidden />}
            onClick={() => change.mutate("restart")}
            loading={isPending("restart")}
            disabled={!canStop}
          >
            Restart
          </Button>
        </Group>
      ) : (
        <Text size="sm" c="dimmed">
          A key of the organization can pause and restart it.
        </Text>
      )}
    </Section>
  );
}
