import { describe, expect, it } from "vitest";
import { every } from "./live";
import { Problem } from "./problem";

const answered = (status: number) => ({
  state: { error: new Problem({ title: "no", status, code: "refused" }) },
});

describe("every", () => {
  it("goes on while answers come", () => {
    expect(every(2000)({ state: { error: null } })).toBe(2000);
  });

  it("goes on after what may pass", () => {
    for (const status of [409, 429, 503]) expect(every(2000)(answered(status))).toBe(2000);
    expect(every(2000)({ state: { error: new TypeError("Failed to fetch") } })).toBe(2000);
  });

  it("stops when what is asked for is not found", () => {
    expect(every(2000)(answered(404))).toBe(false);
  });
});
