import { queryOptions } from "@tanstack/react-query";
import { Problem, toProblem } from "../api/problem";
import { queryClient } from "../api/queries";
import { router } from "../router";

const SESSION = "/console/session";
const UNAUTHENTICATED = 401;

/** Who is signed in. */
export interface Session {
  principal_id: string;
  kind: "api_key" | "member";
  role: "owner" | "admin" | "operator" | "developer" | "viewer" | "billing";
  organization_id: string;
  organization_name: string;
  /** The one cluster that the session may use, null for all of the organization. */
  cluster_id: string | null;
  expires_at: string | null;
}

/** Who is signed in; null when nobody is. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: () => ask("GET"),
});

/** Opens a session for an API key's secret; throws a Problem when the API refuses it. */
export async function signIn(secret: string): Promise<void> {
  const session = await ask("POST", { api_key: secret });
  queryClient.clear();
  queryClient.setQueryData(sessionQuery.queryKey, session);
  await router.navigate({ to: "/" });
}

/** Ends the session and forgets everything that was shown. */
export async function signOut(): Promise<void> {
  await ask("DELETE");
  await leave();
}

/** Leads to the sign-in page as soon as the API refuses the session. */
export function leaveWhenSessionEnds(): void {
  queryClient.getQueryCache().subscribe((event) => {
    if (event.type !== "updated" || event.action.type !== "error") return;
    const cause: unknown = event.action.error;
    if (cause instanceof Problem && cause.body.status === UNAUTHENTICATED) void leave();
  });
}

async function leave(): Promise<void> {
  queryClient.clear();
  queryClient.setQueryData(sessionQuery.queryKey, null);
  await router.navigate({ to: "/sign-in" });
}

async function ask(method: "GET" | "POST" | "DELETE", body?: unknown): Promise<Session | null> {
  const init: RequestInit = { method, credentials: "same-origin" };
  if (body !== undefined) {
    init.headers = { "Content-Type": "application/json" };
    init.body = JSON.stringify(body);
  }
  const answer = await fetch(SESSION, init).catch((cause: unknown) => {
    throw toProblem(cause);
  });
  if (!answer.ok) throw toProblem(await answer.json().catch(() => null));
  if (method === "DELETE") return null;
  const { session } = (await answer.json()) as { session: Session | null };
  return session;
}
