import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { client, unwrap } from "./client";
import { every } from "./live";
import type { components } from "./schema";

export type Spend = components["schemas"]["SpendResponse"];
export type CostLine = components["schemas"]["CostResponse"];
export type Rated = components["schemas"]["RatedQuantity"];
export type PricePreview = components["schemas"]["PricePreviewResponse"];
export type ExpectedUse = Omit<components["schemas"]["PricePreviewRequest"], "plan">;

/** Usage arrives by the minute, at a moment of its own in each. */
const LIVE_MS = 5000;
const LINES_PAGE_SIZE = 1000;

/** What was spent on a UTC day and in its month; today when none is given. */
export const spend = (date?: string) =>
  queryOptions({
    queryKey: ["spend", date ?? "today"],
    refetchInterval: every(LIVE_MS),
    placeholderData: keepPreviousData,
    queryFn: () =>
      unwrap(client.GET("/v1/billing/spend", { params: { query: date ? { date } : {} } })),
  });

/** What one cluster cost today and this month. */
export const clusterSpend = (clusterId: string) =>
  queryOptions({
    queryKey: ["spend", "today", clusterId],
    refetchInterval: every(LIVE_MS),
    queryFn: () =>
      unwrap(client.GET("/v1/billing/spend", { params: { query: { cluster_id: clusterId } } })),
  });

/** The lines of one UTC day: quantity times price. The first of many, where there are many. */
export const dayLines = (date: string, dayAfter: string) =>
  queryOptions({
    queryKey: ["costs", date],
    refetchInterval: every(LIVE_MS),
    placeholderData: keepPreviousData,
    queryFn: () =>
      unwrap(
        client.GET("/v1/billing/costs", {
          params: { query: { start_date: date, end_date: dayAfter, page_size: LINES_PAGE_SIZE } },
        }),
      ),
  });

/** What a plan would cost in a day of the expected use. */
export const pricePreview = (plan: string, use: ExpectedUse) =>
  queryOptions({
    queryKey: ["price-preview", plan, use],
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
    queryFn: () => unwrap(client.POST("/v1/billing/price-previews", { body: { plan, ...use } })),
  });
