import { queryOptions } from "@tanstack/react-query";
import { client, unwrap } from "./client";
import { every } from "./live";
import { everyPage } from "./queries";
import type { components, operations } from "./schema";

export type AccessRule = components["schemas"]["AccessRuleResponse"];
export type NewAccessRule = components["schemas"]["AccessRuleCreate"];
export type ScramUser = components["schemas"]["ScramUserResponse"];
export type Quota = components["schemas"]["QuotaResponse"];
export type QuotaUpdate = components["schemas"]["QuotaUpdate"];

type QuotaFilter = NonNullable<operations["delete_quota"]["parameters"]["query"]>;
type RuleFilter = NonNullable<operations["delete_access_rules"]["parameters"]["query"]>;

const LIVE_MS = 10_000;

export const accessRules = (clusterId: string) =>
  queryOptions({
    queryKey: ["access-rules", clusterId],
    refetchInterval: every(LIVE_MS),
    queryFn: () =>
      everyPage((query) =>
        unwrap(
          client.GET("/v1/clusters/{cluster_id}/access-rules", {
            params: { path: { cluster_id: clusterId }, query },
          }),
        ),
      ),
  });

export const scramUsers = (clusterId: string) =>
  queryOptions({
    queryKey: ["scram-users", clusterId],
    refetchInterval: every(LIVE_MS),
    queryFn: () =>
      everyPage((query) =>
        unwrap(
          client.GET("/v1/clusters/{cluster_id}/scram-users", {
            params: { path: { cluster_id: clusterId }, query },
          }),
        ),
      ),
  });

export const quotas = (clusterId: string) =>
  queryOptions({
    queryKey: ["quotas", clusterId],
    refetchInterval: every(LIVE_MS),
    queryFn: () =>
      everyPage((query) =>
        unwrap(
          client.GET("/v1/clusters/{cluster_id}/quotas", {
            params: { path: { cluster_id: clusterId }, query },
          }),
        ),
      ),
  });

/** Deletes a rule and no other. */
export function deleteRule({ cluster_id, ...rule }: AccessRule) {
  return unwrap(
    client.DELETE("/v1/clusters/{cluster_id}/access-rules", {
      // The words of a rule are those of the filter, but for what a newer cluster may add.
      params: { path: { cluster_id }, query: rule as RuleFilter },
    }),
  );
}

/** Takes every rate of an entity away. */
export function deleteQuota({ cluster_id, entity }: Quota) {
  const parts = entity.map(({ type, name }) => {
    const field = type.replace("-", "_");
    return name === null ? [`default_${field}`, true] : [field, name];
  });
  const query: QuotaFilter = Object.fromEntries(parts);
  return unwrap(
    client.DELETE("/v1/clusters/{cluster_id}/quotas", { params: { path: { cluster_id }, query } }),
  );
}
