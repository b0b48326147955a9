import { SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { groupMetrics } from "../../api/metrics";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { MetricChart } from "../metrics/MetricChart";
import { SPANS, spanOf } from "../metrics/spans";

const LAG = { lag_records: "lag" };

/** How far a group was behind over time. */
export function LagChart({ clusterId, groupId }: { clusterId: string; groupId: string }) {
  const [chosen, setChosen] = useState("1h");
  const found = useQuery(groupMetrics(clusterId, groupId, spanOf(chosen)));
  if (found.error !== null) return <ProblemAlert cause={found.error} />;
  if (found.data === undefined) return null;
  return (
    <MetricChart
      title="Lag over time"
      description="Records that the group had not read"
      kind="count"
      metrics={found.data}
      names={LAG}
      actions={
        <SegmentedControl
          data={SPANS.map(({ value, label }) => ({ value, label }))}
          value={chosen}
          onChange={setChosen}
          aria-label="Time"
        />
      }
    />
  );
}
