import { Alert, Button, Grid, Group, Skeleton, Stack, TextInput } from "@mantine/core";
import { IconClock } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useMemo, useState } from "react";
import { client, unwrap } from "../../api/client";
import { clusters, plans } from "../../api/queries";
import { Page } from "../../parts/Page";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { Section } from "../../parts/Section";
import { bySize, PlanChoice } from "./PlanChoice";
import { Price } from "./Price";
import { UseFields } from "./UseFields";
import { EXAMPLES, expectedUse, type Use } from "./use";
import { usePreviews } from "./usePreviews";

const NAME_PATTERN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
const NAME_LENGTH_MAX = 63;
const NAME_RULE = "Lower-case letters, digits and inner hyphens, 63 at most.";

/** What a cluster is given in its settings, once it is there. */
const CHOSEN_LATER = {
  deletion_protection: false,
  wake_on_connect: false,
  allowed_networks: [],
};

/** Makes a cluster at a price that is seen before, and goes on to how to connect to it. */
export function CreateCluster() {
  const offered = useQuery(plans);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<string>();
  const [use, setUse] = useState<Use>(EXAMPLES[0].use);
  const expected = useMemo(() => expectedUse(use), [use]);
  const all = bySize(offered.data?.items ?? []);
  const previews = usePreviews(
    all.map((each) => each.id),
    expected,
  );
  const plan = chosen ?? all.find((each) => each.available)?.id;
  const create = useMutation({
    mutationFn: (body: { name: string; plan: string }) =>
      unwrap(client.POST("/v1/clusters", { body: { ...body, ...CHOSEN_LATER } })),
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
        <Grid gap="lg">
          <Grid.Col span={{ base: 12, lg: 7 }}>
            <Stack gap="lg">
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
              <UseFields use={use} onChange={setUse} />
              <Section title="Plan">
                {offered.isPending && <Skeleton h={90} />}
                {offered.isError && <ProblemAlert cause={offered.error} />}
                <PlanChoice
                  plans={all}
                  prices={previews.byPlan}
                  value={plan}
                  onChange={setChosen}
                />
              </Section>
            </Stack>
          </Grid.Col>
          <Grid.Col span={{ base: 12, lg: 5 }}>
            <Stack gap="lg" className="beside">
              <Price
                preview={plan === undefined ? undefined : previews.byPlan.get(plan)}
                isComplete={expected !== undefined}
                cause={previews.error}
              />
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
          </Grid.Col>
        </Grid>
      </form>
    </Page>
  );
}
