import type { Session } from "../../session/session";

const DAY_MS = 86_400_000;
const ROLES = [
  { value: "viewer", label: "Viewer: looks, and uses no Kafka" },
  { value: "billing", label: "Billing: sees costs and usage alone" },
  { value: "developer", label: "Developer: uses clusters, makes topics and keys" },
  { value: "operator", label: "Operator: also makes and changes clusters" },
  { value: "admin", label: "Admin: also manages members" },
  { value: "owner", label: "Owner: everything" },
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

/** For how long the secret before works after a rotation, by seconds. */
export const OVERLAPS = [
  { value: "0", label: "No longer" },
  { value: "3600", label: "For an hour" },
  { value: "86400", label: "For a day" },
  { value: "604800", label: "For a week" },
  { value: "2592000", label: "For 30 days" },
] as const satisfies readonly { value: string; label: string }[];

export type Overlap = (typeof OVERLAPS)[number]["value"];

/** The roles that a role may give to others: never more than it has itself. */
export function roleChoices(own: Session["role"]): (typeof ROLES)[number][] {
  return ROLES.slice(0, ROLES.findIndex((role) => role.value === own) + 1);
}

/** When a key made at `now` expires; null for never. */
export function expiryAt(expiry: Expiry, now: Date): string | null {
  if (expiry === "never") return null;
  return new Date(now.getTime() + Number(expiry) * DAY_MS).toISOString();
}
