import { queryOptions } from "@tanstack/react-query";
import { toProblem } from "../api/problem";

/** What the sign-in page may offer. */
export interface SignInOptions {
  sign_up: boolean;
  mail: boolean;
}

export interface Organization {
  id: string;
  name: string;
}

export interface SignUp {
  email: string;
  name: string;
  organization: string;
  password: string;
}

export const signInOptions = queryOptions({
  queryKey: ["sign-in-options"],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: () => askConsole<SignInOptions>("GET", "sign-in-options"),
});

/** The organizations that whoever is signed in can go to. */
export const ownOrganizations = queryOptions({
  queryKey: ["own-organizations"],
  queryFn: () =>
    askConsole<{ items: Organization[] }>("GET", "organizations").then((found) => found.items),
});

export const signUp = (body: SignUp) => askConsole<null>("POST", "sign-ups", body);

export const requestReset = (email: string) =>
  askConsole<null>("POST", "password-resets", { email });

export const setPassword = (token: string, password: string) =>
  askConsole<null>("POST", "password-resets:use", { token, password });

export const changePassword = (old: string, fresh: string) =>
  askConsole<null>("POST", "password", { old, new: fresh });

/** Asks what only the console is answered; throws a Problem for anything but success. */
export async function askConsole<T>(
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: unknown,
): Promise<T> {
  const init: RequestInit = { method, credentials: "same-origin" };
  if (body !== undefined) {
    init.headers = { "Content-Type": "application/json" };
    init.body = JSON.stringify(body);
  }
  const answer = await fetch(`/console/${path}`, init).catch((cause: unknown) => {
    throw toProblem(cause);
  });
  if (!answer.ok) throw toProblem(await answer.json().catch(() => null));
  const text = await answer.text();
  return (text === "" ? null : JSON.parse(text)) as T;
}
