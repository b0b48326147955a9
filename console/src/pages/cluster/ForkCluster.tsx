import { Button, Group, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { client, unwrap } from "../../api/client";
import { type Cluster, clusters } from "../../api/queries";
import type { components } from "../../api/schema";
import { money } from "../../parts/money";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { Section } from "../../parts/Section";

/** Makes a new cluster with the data of this one, as it is now or was at a moment. */
export function ForkCluster({ cluster, isAllowed }: { cluster: Cluster; isAllowed: boolean }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [at, setAt] = useState("");
  const canFork = cluster.status === "running" || cluster.status === "paused";
  const fork = useMutation({
    mutationFn: () =>
      unwrap(
        client.POST("/v1/clusters/{cluster_id}:fork", {
          params: { path: { cluster_id: cluster.id } },
          body: {
            name,
            deletion_protection: false,
            wake_on_connect: false,
            ...(at !== "" && { at: new Date(at).toISOString() }),
          },
        }),
      ),
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: clusters.queryKey });
      const clusterId = "resource_id" in made ? made.resource_id : clusterIdOf(made);
      if (clusterId === null) return;
      notifications.show({ message: `Cluster ${name} is forked from ${cluster.name}.` });
      await navigate({ to: "/clusters/$clusterId", params: { clusterId } });
    },
  });
  // The name is taken from when the fork is asked for, by the fork itself.
  const isOpen = fork.isIdle || fork.isError;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    fork.mutate();
  };
  return (
    <Section title="Fork this cluster">
      <Text size="sm">
        A new cluster with the topics, records, group offsets and access rules of this one, which
        goes on unchanged. It is there in about a second however much there is, and costs what a
        cluster of its size costs. Keys of this cluster alone are not good for it.
      </Text>
      {isAllowed ? (
        <form onSubmit={submit}>
          <Stack>
            <SimpleGrid cols={{ base: 1, sm: 2 }}>
              <TextInput
                label="Name of the fork"
                value={name}
                onChange={(event) => setName(event.currentTarget.value)}
                autoComplete="off"
                spellCheck={false}
                required
              />
              <TextInput
                label="Up to"
                description="Your time; empty for everything there is now."
                inputWrapperOrder={["label", "input", "description", "error"]}
                type="datetime-local"
                step={1}
                value={at}
                onChange={(event) => setAt(event.currentTarget.value)}
              />
            </SimpleGrid>
            <ForkPrice cluster={cluster} name={name} isAsked={canFork && isOpen} />
            {fork.isError && <ProblemAlert cause={fork.error} />}
            <Group>
              <Button
                type="submit"
                variant="default"
                disabled={!canFork || name === ""}
                loading={fork.isPending}
              >
                Fork cluster
              </Button>
            </Group>
          </Stack>
        </form>
      ) : (
        <Text size="sm" c="dimmed">
          A key of the organization can fork it.
        </Text>
      )}
    </Section>
  );
}

const TYPING_MS = 400;

/** What source and fork would cost together, or why there can be no such fork. */
function ForkPrice({
  cluster,
  name,
  isAsked,
}: {
  cluster: Cluster;
  name: string;
  isAsked: boolean;
}) {
  const [wanted] = useDebouncedValue(name, TYPING_MS);
  const preview = useQuery({
    queryKey: ["fork-price", cluster.id, cluster.plan, wanted],
    queryFn: () =>
      unwrap(
        client.POST("/v1/clusters/{cluster_id}:fork", {
          params: { path: { cluster_id: cluster.id }, query: { dry_run: true } },
          body: { name: wanted, deletion_protection: false, wake_on_connect: false },
        }),
      ),
    enabled: isAsked && wanted !== "",
    retry: false,
  });
  if (preview.isError) return <ProblemAlert cause={preview.error} />;
  const found: object | undefined = preview.data;
  if (found === undefined || !isPriced(found)) return null;
  const { currency, per_day_before, per_day_after } = found.price;
  return (
    <Text size="sm">
      A day without traffic costs {money(per_day_after, currency)} with both clusters instead of{" "}
      {money(per_day_before, currency)}.
    </Text>
  );
}

function isPriced(found: object): found is components["schemas"]["ClusterForkPreview"] {
  return "price" in found;
}

function clusterIdOf(made: object): string | null {
  return "id" in made && typeof made.id === "string" ? made.id : null;
}
