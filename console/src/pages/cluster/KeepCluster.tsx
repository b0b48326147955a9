import { Button, Group, NumberInput, Select, SimpleGrid, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { client, unwrap } from "../../api/client";
import { type Cluster, cluster as clusterQuery, clusters, plans } from "../../api/queries";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { bytes } from "../../parts/quantities";
import { Section } from "../../parts/Section";
import { ANY_TIME, keepingOf, keepingPatch, WEEKDAYS } from "./keeping";

const HOURS = Array.from({ length: 24 }, (_, hour) => ({
  value: String(hour),
  label: `${String(hour).padStart(2, "0")}:00 UTC`,
}));
const DAYS = [ANY_TIME, ...WEEKDAYS].map((day) => ({
  value: day,
  label: day === ANY_TIME ? "At any time" : `${day[0]?.toUpperCase()}${day.slice(1)}s`,
}));

/** What a cluster may keep, when it is maintained, its version and its certificate. */
export function KeepCluster({ cluster }: { cluster: Cluster }) {
  const queries = useQueryClient();
  const offered = useQuery(plans);
  const [keeping, setKeeping] = useState(keepingOf(cluster));
  const set = (change: Partial<typeof keeping>) => setKeeping({ ...keeping, ...change });
  const patch = keepingPatch(cluster, keeping);
  const plan = offered.data?.items.find((each) => each.id === cluster.plan);
  const settle = () =>
    Promise.all([
      queries.invalidateQueries({ queryKey: clusterQuery(cluster.id).queryKey }),
      queries.invalidateQueries({ queryKey: clusters.queryKey }),
    ]);
  const params = { path: { cluster_id: cluster.id } };
  const save = useMutation({
    mutationFn: () =>
      unwrap(client.PATCH("/v1/clusters/{cluster_id}", { params, body: { ...patch } })),
    onSuccess: () => notifications.show({ message: `Cluster ${cluster.name} is changed.` }),
    onSettled: settle,
  });
  const upgrade = useMutation({
    mutationFn: () => unwrap(client.POST("/v1/clusters/{cluster_id}:upgrade", { params })),
    onSuccess: () => notifications.show({ message: `Cluster ${cluster.name} is upgraded.` }),
    onSettled: settle,
  });
  const rotate = useMutation({
    mutationFn: () => unwrap(client.POST("/v1/clusters/{cluster_id}:rotate", { params })),
    onSuccess: () =>
      notifications.show({ message: `Cluster ${cluster.name} has another certificate.` }),
    onSettled: settle,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  const isRunning = cluster.status === "running";
  const installed = plan?.version ?? null;
  const isOutdated =
    installed !== null && cluster.version !== null && installed !== cluster.version;
  return (
    <Section title="Storage and maintenance">
      <form onSubmit={submit}>
        <Stack>
          <SimpleGrid cols={{ base: 1, sm: 3 }}>
            <NumberInput
              label="Storage limit (GiB)"
              description={
                plan === undefined
                  ? "Empty for that of its plan."
                  : `Empty for that of its plan: ${bytes(plan.limits.stored_bytes_max)}.`
              }
              inputWrapperOrder={["label", "input", "description", "error"]}
              value={keeping.storageGib}
              onChange={(storageGib) => set({ storageGib })}
              min={0}
            />
            <NumberInput
              label="Longest retention (hours)"
              description="Of every topic; empty for no ceiling."
              inputWrapperOrder={["label", "input", "description", "error"]}
              value={keeping.retentionHours}
              onChange={(retentionHours) => set({ retentionHours })}
              min={0}
            />
            <NumberInput
              label="Largest retention (GiB)"
              description="Of every partition; empty for no ceiling."
              inputWrapperOrder={["label", "input", "description", "error"]}
              value={keeping.retentionGib}
              onChange={(retentionGib) => set({ retentionGib })}
              min={0}
            />
          </SimpleGrid>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <Select
              label="Maintenance window"
              description="When the service may move it to another version by itself."
              inputWrapperOrder={["label", "input", "description", "error"]}
              value={keeping.weekday}
              onChange={(weekday) => weekday && set({ weekday })}
              data={DAYS}
              allowDeselect={false}
            />
            <Select
              label="From"
              description="For four hours."
              inputWrapperOrder={["label", "input", "description", "error"]}
              value={String(keeping.hour)}
              onChange={(hour) => hour && set({ hour: Number(hour) })}
              data={HOURS}
              allowDeselect={false}
              disabled={keeping.weekday === ANY_TIME}
            />
          </SimpleGrid>
          <Text size="sm">
            {cluster.version === null
              ? "It has not run yet."
              : `It runs version ${cluster.version}.`}
            {isOutdated && ` Version ${installed} is installed.`} Other limits, an upgrade and
            another certificate restart the broker, which refuses no connection meanwhile.
          </Text>
          {[save, upgrade, rotate].map(
            (each, index) =>
              // biome-ignore lint/suspicious/noArrayIndexKey: the three never change places
              each.isError && <ProblemAlert key={index} cause={each.error} />,
          )}
          <Group>
            <Button
              type="submit"
              disabled={Object.keys(patch).length === 0}
              loading={save.isPending}
            >
              Save limits
            </Button>
            {isOutdated && (
              <Button
                variant="default"
                onClick={() => upgrade.mutate()}
                loading={upgrade.isPending}
                disabled={!isRunning}
              >
                Upgrade to {installed}
              </Button>
            )}
            <Button
              variant="default"
              onClick={() => rotate.mutate()}
              loading={rotate.isPending}
              disabled={!isRunning}
            >
              Rotate certificate
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}
