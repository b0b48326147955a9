import {
  Button,
  Group,
  NumberInput,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { client, unwrap } from "../../api/client";
import { type Cluster, cluster as clusterQuery, clusters, plans } from "../../api/queries";
import { money } from "../../parts/money";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { Section } from "../../parts/Section";
import { labelLines, parseLabels } from "./labels";
import { networkLines, parseNetworks } from "./networks";

const IDLE_MINUTES_MAX = 7 * 24 * 60;

/** Changes a cluster's name, plan, labels, networks and protection. */
export function EditCluster({ cluster }: { cluster: Cluster }) {
  const queries = useQueryClient();
  const offered = useQuery(plans);
  const [name, setName] = useState(cluster.name);
  const [plan, setPlan] = useState(cluster.plan);
  const [labels, setLabels] = useState(labelLines(cluster.labels));
  const [networks, setNetworks] = useState(networkLines(cluster.allowed_networks));
  const [isProtected, setProtected] = useState(cluster.deletion_protection);
  const [wakes, setWakes] = useState(cluster.wake_on_connect);
  const [idle, setIdle] = useState<number | string>(cluster.auto_pause_minutes ?? "");
  const idleMinutes = typeof idle === "number" ? idle : 0;
  const parsed = parseLabels(labels);
  const allowed = parseNetworks(networks);
  const patch = {
    ...(name !== cluster.name && { name }),
    ...(plan !== cluster.plan && { plan }),
    ...(parsed !== null && labelLines(parsed) !== labelLines(cluster.labels) && { labels: parsed }),
    ...(networkLines(allowed) !== networkLines(cluster.allowed_networks) && {
      allowed_networks: allowed,
    }),
    ...(isProtected !== cluster.deletion_protection && { deletion_protection: isProtected }),
    ...(wakes !== cluster.wake_on_connect && { wake_on_connect: wakes }),
    ...(idleMinutes !== (cluster.auto_pause_minutes ?? 0) && { auto_pause_minutes: idleMinutes }),
  };
  const isChanged = Object.keys(patch).length > 0;
  const save = useMutation({
    mutationFn: () =>
      unwrap(
        client.PATCH("/v1/clusters/{cluster_id}", {
          params: { path: { cluster_id: cluster.id } },
          body: patch,
        }),
      ),
    onSuccess: () => notifications.show({ message: `Cluster ${name} is changed.` }),
    onSettled: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: clusterQuery(cluster.id).queryKey }),
        queries.invalidateQueries({ queryKey: clusters.queryKey }),
      ]),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Section title="Name, plan and behaviour">
      <form onSubmit={submit}>
        <Stack>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <TextInput
              label="Name"
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              autoComplete="off"
              spellCheck={false}
            />
            <Select
              label="Plan"
              description="Another plan restarts the broker; no connection is refused."
              inputWrapperOrder={["label", "input", "description", "error"]}
              value={plan}
              onChange={(value) => value && setPlan(value)}
              data={offered.data?.items.map((each) => each.id) ?? [cluster.plan]}
              allowDeselect={false}
            />
          </SimpleGrid>
          <Textarea
            label="Labels"
            description="One name=value a line; words of your own."
            value={labels}
            onChange={(event) => setLabels(event.currentTarget.value)}
            error={parsed === null && "Each line is a name, = and a value"}
            autosize
            minRows={2}
            spellCheck={false}
          />
          <Textarea
            label="Allowed networks"
            description="Addresses and networks that clients may come from, one a line, as 192.0.2.0/24; empty for everywhere. Clients elsewhere are disconnected at once."
            value={networks}
            onChange={(event) => setNetworks(event.currentTarget.value)}
            autosize
            minRows={2}
            spellCheck={false}
          />
          <NumberInput
            label="Pause when idle (minutes)"
            description="When no client has been logged in for so long; empty for never."
            value={idle}
            onChange={setIdle}
            min={1}
            max={IDLE_MINUTES_MAX}
            allowDecimal={false}
            w={{ base: "100%", sm: 280 }}
          />
          <Switch
            label="Start it when a client connects while it is paused"
            checked={wakes}
            onChange={(event) => setWakes(event.currentTarget.checked)}
          />
          <Switch
            label="Protect it from deletion"
            checked={isProtected}
            onChange={(event) => setProtected(event.currentTarget.checked)}
          />
          {plan !== cluster.plan && <PlanPrice cluster={cluster} plan={plan} />}
          {save.isError && <ProblemAlert cause={save.error} />}
          <Group>
            <Button type="submit" disabled={!isChanged || parsed === null} loading={save.isPending}>
              Save changes
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}

/** What another plan would cost, as the service rates it. */
function PlanPrice({ cluster, plan }: { cluster: Cluster; plan: string }) {
  const preview = useQuery({
    queryKey: ["plan-change", cluster.id, cluster.plan, plan],
    queryFn: () =>
      unwrap(
        client.PATCH("/v1/clusters/{cluster_id}", {
          params: { path: { cluster_id: cluster.id }, query: { dry_run: true } },
          body: { plan },
        }),
      ),
  });
  if (preview.isError) return <ProblemAlert cause={preview.error} />;
  const found = preview.data;
  if (found === undefined || !("price" in found)) return null;
  const { currency, per_day_before, per_day_after, daily_cap_after } = found.price;
  return (
    <Text size="sm">
      A day without traffic costs {money(per_day_after, currency)} instead of{" "}
      {money(per_day_before, currency)}; no day costs more than {money(daily_cap_after, currency)}.
    </Text>
  );
}
