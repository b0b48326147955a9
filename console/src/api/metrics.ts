import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { client, unwrap } from "./client";
import { every } from "./live";
import type { components } from "./schema";

export type Metrics = components["schemas"]["MetricsResponse"];

/** What a cluster did up to now, over so much time in steps of so many seconds. */
export interface Span {
  ms: number;
  stepSeconds: 10 | 60 | 3600;
}

/** The service reads its clusters every five seconds. */
const LIVE_MS = 5000;

function rangeOf({ ms, stepSeconds }: Span, now: number) {
  const at = (time: number) => new Date(time).toISOString();
  return { from: at(now - ms), to: at(now), step: stepSeconds };
}

export const clusterMetrics = (clusterId: string, span: Span) =>
  queryOptions({
    queryKey: ["metrics", clusterId, span],
    refetchInterval: every(LIVE_MS),
    placeholderData: keepPreviousData,
    queryFn: () =>
      unwrap(
        client.GET("/v1/clusters/{cluster_id}/metrics", {
          params: { path: { cluster_id: clusterId }, query: rangeOf(span, Date.now()) },
        }),
      ),
  });

export const groupMetrics = (clusterId: string, groupId: string, span: Span) =>
  queryOptions({
    queryKey: ["metrics", clusterId, "group", groupId, span],
    refetchInterval: every(LIVE_MS),
    placeholderData: keepPreviousData,
    queryFn: () =>
      unwrap(
        client.GET("/v1/clusters/{cluster_id}/groups/{group_id}/metrics", {
          params: {
            path: { cluster_id: clusterId, group_id: groupId },
            query: rangeOf(span, Date.now()),
          },
        }),
      ),
  });
