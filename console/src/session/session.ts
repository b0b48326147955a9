import { queryOptions } from "@tanstack/react-query";
import { Problem } from "../api/problem";
import { queryClient } from "../api/queries";
import { router } from "../router";
import { askConsole } from "./users";

const SESSION = "session";
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

interface Answer {
  session: Session | null;
}

/** Who is signed in; null when nobody is. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: () => askConsole<Answer>("GET", SESSION).then((answer) => answer.session),
});

/** What opens a session: an API key's secret, or an address and its password. */
export type Credentials = { api_key: string } | { email: string; password: string };

/** Opens a session; throws a Problem when the API refuses it. */
export async function signIn(credentials: Credentials): Promise<void> {
  await enter(await askConsole<Answer>("POST", SESSION, credentials));
}

/** Opens a session by a link that proves an address, and the password chosen when signing up. */
export async function confirmSignUp(token: string, password: string): Promise<void> {
  await enter(await askConsole<Answer>("POST", "sign-ups:confirm", { token, password }));
}

/** Goes on in another organization of the same user. */
export async function switchOrganization(id: string): Promise<void> {
  await enter(await askConsole<Answer>("POST", "organizations:switch", { organization_id: id }));
}

/** Ends the session and forgets everything that was shown. */
export async function signOut(): Promise<void> {
  await askConsole<null>("DELETE", SESSION);
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

async function enter({ session }: Answer): Promise<void> {
  queryClient.clear();
  queryClient.setQueryData(sessionQuery.queryKey, session);
  await router.navigate({ to: "/" });
}

/** Forgets everything that was shown and leads to the sign-in page. */
export async function leave(): Promise<void> {
  queryClient.clear();
  queryClient.setQueryData(sessionQuery.queryKey, null);
  await router.navigate({ to: "/sign-in" });
}
