import { queryOptions } from "@tanstack/react-query";
import { client, unwrap } from "./client";
import { every } from "./live";
import { everyPage } from "./queries";
import type { components } from "./schema";

export type Group = components["schemas"]["GroupResponse"];
export type GroupDetail = components["schemas"]["GroupDetailResponse"];
export type GroupLag = components["schemas"]["GroupLagResponse"];
export type PartitionLag = components["schemas"]["PartitionLagResponse"];
export type OffsetReset = components["schemas"]["OffsetReset"];
export type OffsetResetAnswer = components["schemas"]["OffsetResetResponse"];

const LIVE_MS = 5000;
const PARTITIONS_SHOWN = 100;

export const groups = (clusterId: string) =>
  queryOptions({
    queryKey: ["groups", clusterId],
    refetchInterval: every(LIVE_MS),
    queryFn: () =>
      everyPage((query) =>
        unwrap(
          client.GET("/v1/clusters/{cluster_id}/groups", {
            params: { path: { cluster_id: clusterId }, query },
          }),
        ),
      ),
  });

export const group = (clusterId: string, groupId: string) =>
  queryOptions({
    queryKey: ["group", clusterId, groupId],
    refetchInterval: every(LIVE_MS),
    queryFn: () =>
      unwrap(
        client.GET("/v1/clusters/{cluster_id}/groups/{group_id}", {
          params: { path: { cluster_id: clusterId, group_id: groupId } },
        }),
      ),
  });

/** How far a group is behind: in all, and in its first partitions. */
export const groupLag = (clusterId: string, groupId: string) =>
  queryOptions({
    queryKey: ["group", clusterId, groupId, "lag"],
    refetchInterval: every(LIVE_MS),
    queryFn: () =>
      unwrap(
        client.GET("/v1/clusters/{cluster_id}/groups/{group_id}/offsets", {
          params: {
            path: { cluster_id: clusterId, group_id: groupId },
            query: { page_size: PARTITIONS_SHOWN },
          },
        }),
      ),
  });

/** Moves offsets, or with a dry run tells what that would do. */
export function resetOffsets(
  clusterId: string,
  groupId: string,
  body: OffsetReset,
  isDryRun: boolean,
): Promise<OffsetResetAnswer> {
  return unwrap(
    client.POST("/v1/clusters/{cluster_id}/groups/{group_id}:reset", {
      params: {
        path: { cluster_id: clusterId, group_id: groupId },
        query: { dry_run: isDryRun },
      },
      body,
    }),
  );
}
