import { Group, SegmentedControl, SimpleGrid, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams, useRouteContext } from "@tanstack/react-router";
import { useState } from "react";
import { clusterSpend } from "../../api/billing";
import { hourlyUsage, usageBy } from "../../api/usage";
import { Figure } from "../../parts/Figure";
import { LinkAnchor } from "../../parts/LinkAnchor";
import { money } from "../../parts/money";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { bytes, plural } from "../../parts/quantities";
import { daysAfter, utcDay } from "../costs/days";
import { UsageCharts } from "./UsageCharts";
import { UsageShares } from "./UsageShares";

const PERIODS = [
  { value: "1", label: "Today" },
  { value: "7", label: "7 days" },
  { value: "30", label: "30 days" },
];

/** What a cluster is used for, while it goes on. */
export function Usage() {
  const { clusterId } = useParams({ from: "/signed-in/clusters/$clusterId" });
  const { session } = useRouteContext({ from: "/signed-in" });
  const [days, setDays] = useState("1");
  const end = daysAfter(utcDay(new Date()), 1);
  const period = { start: daysAfter(end, -Number(days)), end };
  const hourly = useQuery(hourlyUsage(clusterId, period));
  const byTopic = useQuery(usageBy(clusterId, period, "topic"));
  const byPrincipal = useQuery(usageBy(clusterId, period, "principal"));
  const cause = hourly.error ?? byTopic.error ?? byPrincipal.error;
  return (
    <Stack gap="lg">
      <Group justify="space-between">
        <SegmentedControl data={PERIODS} value={days} onChange={setDays} aria-label="Period" />
        <Text size="sm" c="dimmed">
          {through(hourly.data?.collected_until)}
        </Text>
      </Group>
      {cause !== null && <ProblemAlert cause={cause} />}
      {hourly.isPending && <Skeleton h={320} />}
      {hourly.data && (
        <>
          <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }} spacing="lg">
            <Figure
              label="Data in"
              value={bytes(hourly.data.totals.bytes_in)}
              note={plural(hourly.data.totals.records_in, "record")}
            />
            <Figure
              label="Data out"
              value={bytes(hourly.data.totals.bytes_out)}
              note={plural(hourly.data.totals.requests, "request")}
            />
            <Figure
              label="Stored"
              value={bytes(hourly.data.totals.stored_bytes)}
              note={`${plural(hourly.data.totals.partitions, "partition")} · ${plural(hourly.data.totals.connections, "connection")}`}
            />
            {session.cluster_id === null && <CostToday clusterId={clusterId} />}
          </SimpleGrid>
          <UsageCharts usage={hourly.data} />
        </>
      )}
      {byTopic.data && byPrincipal.data && (
        <UsageShares byTopic={byTopic.data.data} byPrincipal={byPrincipal.data.data} />
      )}
    </Stack>
  );
}

function CostToday({ clusterId }: { clusterId: string }) {
  const found = useQuery(clusterSpend(clusterId));
  if (found.isError) return <ProblemAlert cause={found.error} />;
  const { data } = found;
  return (
    <Figure
      label="Cost today so far"
      value={data ? money(data.day_amount, data.currency) : "–"}
      note={
        <LinkAnchor to="/costs" size="sm" underline="always">
          {data ? `${money(data.month_amount, data.currency)} this month` : "All costs"}
        </LinkAnchor>
      }
    />
  );
}

function through(collected: string | null | undefined): string {
  return collected ? `Counted up to ${collected.slice(11, 16)} UTC` : "Nothing counted yet";
}
