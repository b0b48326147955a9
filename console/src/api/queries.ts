import { QueryClient, queryOptions } from "@tanstack/react-query";
import { client, unwrap } from "./client";
import { every } from "./live";
import { toProblem } from "./problem";
import type { components } from "./schema";

export type Cluster = components["schemas"]["ClusterResponse"];
export type Plan = components["schemas"]["PlanResponse"];
export type Topic = components["schemas"]["TopicResponse"];
export type ApiKey = components["schemas"]["ApiKeyResponse"];

interface Page<T> {
  items: T[];
  next_page_token: string | null;
}

const LIVE_MS = 2000;
const PAGE_SIZE = 100;
const ITEMS_MAX = 2000;
const RETRIES_MAX = 2;
const SERVER_ERROR = 500;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 1000,
      retry: (failures, cause) => failures < RETRIES_MAX && isPassing(cause),
    },
  },
});

export const clusters = queryOptions({
  queryKey: ["clusters"],
  refetchInterval: every(LIVE_MS),
  queryFn: () => everyPage((query) => unwrap(client.GET("/v1/clusters", { params: { query } }))),
});

/** Deleted clusters that can be brought back. */
export const deletedClusters = queryOptions({
  queryKey: ["clusters", "deleted"],
  refetchInterval: every(LIVE_MS * 5),
  queryFn: () =>
    everyPage((query) =>
      unwrap(client.GET("/v1/clusters", { params: { query: { ...query, deleted: true } } })),
    ),
});

export const cluster = (id: string) =>
  queryOptions({
    queryKey: ["cluster", id],
    refetchInterval: every(LIVE_MS),
    queryFn: () =>
      unwrap(client.GET("/v1/clusters/{cluster_id}", { params: { path: { cluster_id: id } } })),
  });

export const plans = queryOptions({
  queryKey: ["plans"],
  queryFn: () => unwrap(client.GET("/v1/plans")),
});

export const apiKeys = queryOptions({
  queryKey: ["api-keys"],
  queryFn: () => everyPage((query) => unwrap(client.GET("/v1/api-keys", { params: { query } }))),
});

export const topics = (clusterId: string) =>
  queryOptions({
    queryKey: ["topics", clusterId],
    refetchInterval: every(LIVE_MS * 2),
    queryFn: () =>
      everyPage((query) =>
        unwrap(
          client.GET("/v1/clusters/{cluster_id}/topics", {
            params: { path: { cluster_id: clusterId }, query },
          }),
        ),
      ),
  });

export const topic = (clusterId: string, name: string) =>
  queryOptions({
    queryKey: ["topic", clusterId, name],
    queryFn: () =>
      unwrap(
        client.GET("/v1/clusters/{cluster_id}/topics/{topic_name}", {
          params: { path: { cluster_id: clusterId, topic_name: name } },
        }),
      ),
  });

/** Every item of a list, up to a number that a page can still show. */
export async function everyPage<T>(
  fetchPage: (query: { page_size: number; page_token?: string }) => Promise<Page<T>>,
): Promise<T[]> {
  let page = await fetchPage({ page_size: PAGE_SIZE });
  const items = page.items;
  while (page.next_page_token !== null && items.length < ITEMS_MAX) {
    page = await fetchPage({ page_size: PAGE_SIZE, page_token: page.next_page_token });
    items.push(...page.items);
  }
  return items;
}

function isPassing(cause: unknown): boolean {
  const { status } = toProblem(cause).body;
  return status === 0 || status >= SERVER_ERROR;
}
