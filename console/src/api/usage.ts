import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { client, unwrap } from "./client";
import { every } from "./live";
import type { components } from "./schema";

export type Usage = components["schemas"]["UsageResponse"];
export type UsageItem = components["schemas"]["UsageItemResponse"];

/** Usage arrives by the minute, at a moment of its own in each. */
const LIVE_MS = 5000;

export interface Period {
  /** UTC days, the last one not included. */
  start: string;
  end: string;
}

/** What a cluster used, hour by hour. */
export const hourlyUsage = (clusterId: string, period: Period) =>
  queryOptions({
    queryKey: ["usage", clusterId, period, "hour"],
    refetchInterval: every(LIVE_MS),
    placeholderData: keepPreviousData,
    queryFn: () =>
      unwrap(
        client.GET("/v1/clusters/{cluster_id}/usage", {
          params: { path: { cluster_id: clusterId }, query: { ...period, granularity: "hour" } },
        }),
      ),
  });

/** What a cluster used, day by day, of each topic or by each principal. */
export const usageBy = (clusterId: string, period: Period, group: "topic" | "principal") =>
  queryOptions({
    queryKey: ["usage", clusterId, period, group],
    refetchInterval: every(LIVE_MS),
    placeholderData: keepPreviousData,
    queryFn: () =>
      unwrap(
        client.GET("/v1/clusters/{cluster_id}/usage", {
          params: {
            path: { cluster_id: clusterId },
            query: { ...period, granularity: "day", group_by: group },
          },
        }),
      ),
  });
