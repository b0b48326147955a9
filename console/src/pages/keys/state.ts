import type { ApiKey } from "../../api/queries";

/** Until when the secret before works beside a key's own; null where it does not. */
export function previousUntil(key: ApiKey, now: Date): string | null {
  const until = key.previous_secret_until;
  const works = until !== null && new Date(until) > now && keyState(key, now) === "live";
  return works ? until : null;
}

/** Whether a key works, or why not any more. */
export function keyState(key: ApiKey, now: Date): "live" | "revoked" | "expired" {
  if (key.revoked_at !== null) return "revoked";
  return key.expires_at !== null && new Date(key.expires_at) <= now ? "expired" : "live";
}
