import type { Session } from "../../session/session";

const DAY_MS = 86_400_000;
const ROLES = [
  { value: "developer", label: "Developer: uses and makes clusters, topics and keys" },
  { value: "owner", label: "Owner: also manages members" },
  { value: "operator", label: "Operator: also makes organizations" },
] as const;

/** For how long a key lives, by days; the first one is for ever. */
export const EXPIRIES = [
  { value: "never", label: "Never" },
  { value: "1", label: "In a day" },
  { value: "30", label: "In 30 days" },
  { value: "90", label: "In 90 days" },
  { value: "365", label: "In a year" },
] as const satisfies readonly { value: string; label: string }[];

export type Expiry = (typeof EXPIRIES)[number]["value"];

/** The roles that a role may give to others: never more than it has itself. */
export function roleChoices(own: Session["role"]): (typeof ROLES)[number][] {
  return ROLES.slice(0, ROLES.findIndex((role) => role.value === own) + 1);
}

/** When a key made at `now` expires; null for never. */
export function expiryAt(expiry: Expiry, now: Date): string | null {
  if (expiry === "never") return null;
  return new Date(now.getTime() + Number(expiry) * DAY_MS).toISOString();
}
