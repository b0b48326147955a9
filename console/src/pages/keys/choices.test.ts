import { describe, expect, it } from "vitest";
import type { ApiKey } from "../../api/queries";
import { expiryAt, roleChoices } from "./choices";
import { keyState, previousUntil } from "./state";

const NOW = new Date("2026-03-01T00:00:00Z");

describe("roleChoices", () => {
  it("never goes above one's own role", () => {
    const values = (role: "admin" | "developer") => roleChoices(role).map(({ value }) => value);
    expect(values("developer")).toEqual(["viewer", "billing", "developer"]);
    expect(values("admin")).toEqual(["viewer", "billing", "developer", "operator", "admin"]);
  });
});

describe("expiryAt", () => {
  it("is that many days from now", () => {
    expect(expiryAt("30", NOW)).toBe("2026-03-31T00:00:00.000Z");
    expect(expiryAt("never", NOW)).toBeNull();
  });
});

describe("keyState", () => {
  const key = (changes: Partial<ApiKey>) =>
    ({ revoked_at: null, expires_at: null, previous_secret_until: null, ...changes }) as ApiKey;
  it("tells why a key does not work any more", () => {
    expect(keyState(key({}), NOW)).toBe("live");
    expect(keyState(key({ expires_at: "2026-02-28T23:59:59Z" }), NOW)).toBe("expired");
    expect(keyState(key({ revoked_at: "2026-02-01T00:00:00Z" }), NOW)).toBe("revoked");
  });
  it("tells until when the secret before works, while the key does", () => {
    const until = "2026-03-02T00:00:00Z";
    expect(previousUntil(key({}), NOW)).toBeNull();
    expect(previousUntil(key({ previous_secret_until: until }), NOW)).toBe(until);
    expect(previousUntil(key({ previous_secret_until: NOW.toISOString() }), NOW)).toBeNull();
    const revoked = { previous_secret_until: until, revoked_at: "2026-02-01T00:00:00Z" };
    expect(previousUntil(key(revoked), NOW)).toBeNull();
  });
});
