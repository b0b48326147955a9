import { Group, SegmentedControl, SimpleGrid, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { clusterMetrics } from "../../api/metrics";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { MetricChart } from "./MetricChart";
import { SPANS, spanOf } from "./spans";

const THROUGHPUT = { bytes_in_per_second: "in", bytes_out_per_second: "out" };
const PRODUCE = { produce_latency_p50_ms: "half of them", produce_latency_p99_ms: "99 of 100" };
const FETCH = { fetch_latency_p50_ms: "half of them", fetch_latency_p99_ms: "99 of 100" };
const REQUESTS = { requests_per_second: "requests", records_in_per_second: "records in" };
const STORED = { stored_bytes: "stored" };
const LAG = { lag_records: "lag" };
const CONNECTIONS = { connections: "connections" };
const PARTITIONS = { partitions: "partitions" };
const THROTTLING = { throttled_ms_per_second: "told to wait" };

/** How a cluster does, and did. */
export function Metrics() {
  const { clusterId } = useParams({ from: "/signed-in/clusters/$clusterId" });
  const [chosen, setChosen] = useState("1h");
  const found = useQuery(clusterMetrics(clusterId, spanOf(chosen)));
  const metrics = found.data;
  return (
    <Stack gap="lg">
      <Group justify="space-between">
        <SegmentedControl
          data={SPANS.map(({ value, label }) => ({ value, label }))}
          value={chosen}
          onChange={setChosen}
          aria-label="Time"
        />
        <Text size="sm" c="dimmed">
          {metrics?.read_at ? `Read at ${metrics.read_at.slice(11, 19)} UTC` : "Nothing read yet"}
        </Text>
      </Group>
      {found.error !== null && <ProblemAlert cause={found.error} />}
      {found.isPending && <Skeleton h={320} />}
      {metrics && (
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
          <MetricChart title="Throughput" kind="rate" metrics={metrics} names={THROUGHPUT} />
          <MetricChart
            title="Requests and records"
            kind="per_second"
            metrics={metrics}
            names={REQUESTS}
          />
          <MetricChart
            title="Produce latency"
            description="Until records are safe on disk"
            kind="ms"
            metrics={metrics}
            names={PRODUCE}
          />
          <MetricChart
            title="Fetch latency"
            description="A fetch waits for records, as long as its consumer lets it"
            kind="ms"
            metrics={metrics}
            names={FETCH}
          />
          <MetricChart title="Stored" kind="bytes" metrics={metrics} names={STORED} />
          <MetricChart
            title="Lag of all groups"
            description="Records that groups have not read"
            kind="count"
            metrics={metrics}
            names={LAG}
          />
          <MetricChart title="Connections" kind="count" metrics={metrics} names={CONNECTIONS} />
          <MetricChart title="Partitions" kind="count" metrics={metrics} names={PARTITIONS} />
          <MetricChart
            title="Throttling"
            description="Milliseconds that clients were told to wait, per second"
            kind="ms"
            metrics={metrics}
            names={THROTTLING}
          />
        </SimpleGrid>
      )}
    </Stack>
  );
}
