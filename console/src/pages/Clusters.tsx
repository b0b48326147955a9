import { Button, Card, Group, SimpleGrid, Skeleton, Stack, Text } from "@mantine/core";
import { IconPlus, IconServer2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useRouteContext } from "@tanstack/react-router";
import { spend } from "../api/billing";
import { type Cluster, clusters } from "../api/queries";
import { Empty } from "../parts/Empty";
import { LinkAnchor } from "../parts/LinkAnchor";
import { money } from "../parts/money";
import { Page } from "../parts/Page";
import { ProblemAlert } from "../parts/ProblemAlert";
import { moment } from "../parts/quantities";
import { StatusBadge } from "../parts/StatusBadge";
import { DeletedClusters } from "./DeletedClusters";

/** An organization's clusters, live. */
export function Clusters() {
  const { session } = useRouteContext({ from: "/signed-in" });
  const found = useQuery(clusters);
  const spent = useQuery({ ...spend(), enabled: session.cluster_id === null });
  const costOf = (id: string) => {
    const cost = spent.data?.clusters.find((each) => each.resource.id === id);
    return cost && spent.data && `${money(cost.day_amount, spent.data.currency)} today so far`;
  };
  const create = session.cluster_id === null && (
    <Button component={Link} to="/create-cluster" leftSection={<IconPlus size={16} aria-hidden />}>
      Create cluster
    </Button>
  );
  const isEmpty = found.data?.length === 0;
  return (
    <Page title="Clusters" actions={!isEmpty && create}>
      {found.isError && <ProblemAlert cause={found.error} />}
      {spent.isError && <ProblemAlert cause={spent.error} />}
      {found.isPending && <Skeleton h={140} />}
      {isEmpty && (
        <Empty icon={IconServer2} title="No clusters yet" action={create}>
          A cluster is your own Kafka. It is usable as soon as it is created, by any Kafka client
          and over HTTPS.
        </Empty>
      )}
      <SimpleGrid cols={{ base: 1, md: 2, xl: 3 }}>
        {found.data?.map((each) => (
          <ClusterCard key={each.id} cluster={each} cost={costOf(each.id)} />
        ))}
      </SimpleGrid>
      {session.cluster_id === null && <DeletedClusters />}
    </Page>
  );
}

function ClusterCard({ cluster, cost }: { cluster: Cluster; cost: string | undefined }) {
  return (
    <Card withBorder padding="lg" component="article" aria-label={cluster.name}>
      <Stack gap="sm">
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <LinkAnchor
            to="/clusters/$clusterId"
            params={{ clusterId: cluster.id }}
            fw={650}
            fz="lg"
            style={{ overflowWrap: "anywhere" }}
          >
            {cluster.name}
          </LinkAnchor>
          <StatusBadge status={cluster.status} />
        </Group>
        <Text size="sm" className="mono" style={{ overflowWrap: "anywhere" }}>
          {cluster.endpoints.kafka?.sasl_ssl ?? "no address yet"}
        </Text>
        {cost && (
          <Text size="sm" fw={600} className="figures">
            {cost}
          </Text>
        )}
        {cluster.reason && <Text size="sm">{cluster.reason}</Text>}
        <Text size="sm" c="dimmed">
          Plan {cluster.plan} · created {moment(cluster.created_at)}
        </Text>
      </Stack>
    </Card>
  );
}
