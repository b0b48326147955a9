import { describe, expect, it } from "vitest";
import { EXAMPLES, exampleOf, expectedUse } from "./use";

const [first] = EXAMPLES;

describe("expectedUse", () => {
  it("keeps the digits that were typed", () => {
    expect(expectedUse({ ...first.use, gbIn: "0.100000001" })).toEqual({
      gb_in_per_day: "0.100000001",
      gb_out_per_day: "2",
      gb_stored: "10",
      partitions: 30,
    });
  });

  it.each(["", "-1", "1e3", "1000001", "0.0000000001", "1."])("waits for a figure: %j", (gbIn) => {
    expect(expectedUse({ ...first.use, gbIn })).toBeUndefined();
  });

  it.each([-1, 1.5, Number.NaN])("waits for a number of partitions: %d", (partitions) => {
    expect(expectedUse({ ...first.use, partitions })).toBeUndefined();
  });
});

describe("exampleOf", () => {
  it("knows its own", () => {
    expect(EXAMPLES.map(({ use }) => exampleOf({ ...use }))).toEqual(EXAMPLES.map((e) => e.name));
    expect(exampleOf({ ...first.use, partitions: 31 })).toBeUndefined();
  });
});
