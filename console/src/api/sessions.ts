import { queryOptions } from "@tanstack/react-query";
import { client, unwrap } from "./client";
import type { components } from "./schema";

export type SessionInfo = components["schemas"]["SessionInfo"];

/** Where whoever is signed in is signed in. */
export const ownSessions = queryOptions({
  queryKey: ["own-sessions"],
  queryFn: () => unwrap(client.GET("/v1/sessions")).then((page) => page.items),
});

export const revokeSession = (id: string) =>
  unwrap(client.DELETE("/v1/sessions/{session_id}", { params: { path: { session_id: id } } }));

export const revokeOtherSessions = () => unwrap(client.DELETE("/v1/sessions"));
