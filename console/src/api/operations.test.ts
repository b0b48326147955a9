import { describe, expect, it } from "vitest";
import { type Operation, withChange } from "./operations";

const OPERATION = { id: "op_1", status: "running", steps_left: ["fork", "start"] } as Operation;

describe("withChange", () => {
  it("takes up what begins, in the place of what was known of it", () => {
    const later = { ...OPERATION, steps_left: ["start"] };
    expect(withChange(withChange([], OPERATION), later)).toEqual([later]);
  });

  it("lets go of what has ended, and of nothing else", () => {
    const other = { ...OPERATION, id: "op_2" };
    for (const status of ["succeeded", "failed"] as const) {
      expect(withChange([OPERATION, other], { ...OPERATION, status })).toEqual([other]);
    }
  });
});
