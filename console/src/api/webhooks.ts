import { queryOptions } from "@tanstack/react-query";
import { client, unwrap } from "./client";
import { every } from "./live";
import type { components } from "./schema";

export type Webhook = components["schemas"]["WebhookResponse"];
export type Delivery = components["schemas"]["DeliveryResponse"];

const LIVE_MS = 4000;
const DELIVERIES_SHOWN = 50;

export const webhooks = queryOptions({
  queryKey: ["webhooks"],
  refetchInterval: every(LIVE_MS),
  queryFn: () =>
    unwrap(client.GET("/v1/webhooks", { params: { query: { page_size: 100 } } })).then(
      (page) => page.items,
    ),
});

export const webhook = (id: string) =>
  queryOptions({
    queryKey: ["webhook", id],
    refetchInterval: every(LIVE_MS),
    queryFn: () =>
      unwrap(client.GET("/v1/webhooks/{webhook_id}", { params: { path: { webhook_id: id } } })),
  });

/** The newest deliveries of a webhook. */
export const deliveries = (id: string) =>
  queryOptions({
    queryKey: ["deliveries", id],
    refetchInterval: every(LIVE_MS),
    queryFn: () =>
      unwrap(
        client.GET("/v1/webhooks/{webhook_id}/deliveries", {
          params: { path: { webhook_id: id }, query: { page_size: DELIVERIES_SHOWN } },
        }),
      ).then((page) => page.items),
  });
