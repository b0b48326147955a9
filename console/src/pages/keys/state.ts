import type { ApiKey } from "../../api/queries";

/** Whether a key works, or why not any more. */
export function keyState(key: ApiKey, now: Date): "live" | "revoked" | "expired" {
  if (key.revoked_at !== null) return "revoked";
  return key.expires_at !== null && new Date(key.expires_at) <= now ? "expired" : "live";
}
