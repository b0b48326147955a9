import { describe, expect, it } from "vitest";
import { labelEvery, ticks, tickText } from "./scale";

describe("ticks", () => {
  it.each([
    [0, [0]],
    [10, [0, 2.5, 5, 7.5, 10]],
    [0.3, [0, 0.1, 0.2, 0.3]],
    [0.000019, [0, 0.000005, 0.00001, 0.000015, 0.00002]],
    [7, [0, 2, 4, 6, 8]],
  ])("for at most %d", (max, expected) => {
    expect(ticks(max, 4)).toEqual(expected);
  });
});

describe("labelEvery", () => {
  it("leaves out what would overlap", () => {
    expect([labelEvery(24, 800, 30), labelEvery(24, 300, 30), labelEvery(3, 10, 30)]).toEqual([
      1, 3, 3,
    ]);
  });
});

describe("tickText", () => {
  it("has no exponent", () => {
    expect([tickText(0), tickText(0.000005), tickText(12500)]).toEqual(["0", "0.000005", "12,500"]);
  });
});
