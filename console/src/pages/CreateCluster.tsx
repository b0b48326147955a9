import {
  Alert,
  Badge,
  Button,
  Group,
  Radio,
  Skeleton,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { IconClock } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { client, unwrap } from "../api/client";
import { clusters, type Plan, plans } from "../api/queries";
import { Page } from "../parts/Page";
import { ProblemAlert } from "../parts/ProblemAlert";
import { bytes, plural } from "../parts/quantities";
import { Section } from "../parts/Section";

const NAME_PATTERN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
const NAME_LENGTH_MAX = 63;
const NAME_RULE = "Lower-case letters, digits and inner hyphens, 63 at most.";

/** Makes a cluster and goes on to how to connect to it. */
export function CreateCluster() {
  const offered = useQuery(plans);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<string>();
  const plan = chosen ?? offered.data?.items.find((each) => each.available)?.id;
  const create = useMutation({
    mutationFn: (body: { name: string; plan: string }) =>
      unwrap(client.POST("/v1/clusters", { body })),
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: clusters.queryKey });
      if ("endpoints" in made) {
        await navigate({ to: "/clusters/$clusterId", params: { clusterId: made.id } });
      }
    },
  });
  const isNameGood = NAME_PATTERN.test(name) && name.length <= NAME_LENGTH_MAX;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isNameGood && plan !== undefined) create.mutate({ name, plan });
  };
  return (
    <Page
      title="Create a cluster"
      crumbs={[{ label: "Clusters", to: "/" }]}
      description="It has its own broker, addresses and certificate, and is usable when this is done."
    >
      <form onSubmit={submit}>
        <Stack gap="lg" maw={720}>
          <Section title="Name">
            <TextInput
              label="Cluster name"
              description={NAME_RULE}
              placeholder="orders"
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              error={name !== "" && !isNameGood ? NAME_RULE : undefined}
              maxLength={NAME_LENGTH_MAX}
              autoComplete="off"
              spellCheck={false}
              required
              autoFocus
            />
          </Section>
          <Section title="Plan">
            {offered.isPending && <Skeleton h={90} />}
            {offered.isError && <ProblemAlert cause={offered.error} />}
            <Radio.Group value={plan ?? null} onChange={setChosen} aria-label="Plan">
              <Stack gap="sm">
                {offered.data?.items.map((each) => (
                  <PlanCard key={each.id} plan={each} />
                ))}
              </Stack>
            </Radio.Group>
          </Section>
          {create.isError && <ProblemAlert cause={create.error} />}
          {create.data !== undefined && !("endpoints" in create.data) && (
            <Alert color="blue" icon={<IconClock aria-hidden />} title="It takes longer">
              The cluster is being made; its card among your clusters shows when it runs.
            </Alert>
          )}
          <Group justify="flex-end">
            <Button component={Link} to="/" variant="default">
              Cancel
            </Button>
            <Button type="submit" loading={create.isPending} disabled={!isNameGood || !plan}>
              Create cluster
            </Button>
          </Group>
        </Stack>
      </form>
    </Page>
  );
}

function PlanCard({ plan }: { plan: Plan }) {
  const { limits } = plan;
  return (
    <Radio.Card value={plan.id} p="md" disabled={!plan.available} aria-label={`Plan ${plan.id}`}>
      <Group wrap="nowrap" align="flex-start">
        <Radio.Indicator />
        <Stack gap={4}>
          <Group gap="xs">
            <Text fw={650}>{plan.id}</Text>
            {!plan.available && <Badge color="gray">not installed here</Badge>}
          </Group>
          <Text size="sm">{capital(plan.description)}.</Text>
          <Text size="sm" c="dimmed">
            {plural(plan.brokers, "broker")} · {plural(limits.partitions_max, "partition")} ·{" "}
            {plural(limits.connections_max, "connection")} · requests to{" "}
            {bytes(limits.request_bytes_max)}
          </Text>
        </Stack>
      </Group>
    </Radio.Card>
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
