import { describe, expect, it } from "vitest";
import type { Metrics } from "../../api/metrics";
import { linesOf, startsOf } from "./lines";

const METRICS: Metrics = {
  cluster_id: "lkc_1",
  from: "2026-11-22T09:00:00.000000Z",
  to: "2026-11-22T09:00:30.000000Z",
  step_seconds: 10,
  read_at: null,
  series: [
    { name: "connections", unit: "1", values: [1, null, 3] },
    { name: "partitions", unit: "1", values: [6, 6, 6] },
  ],
};

describe("startsOf", () => {
  it("begins with the range and goes on by the step", () => {
    const first = Date.UTC(2026, 10, 22, 9);
    expect(startsOf(METRICS)).toEqual([first, first + 10_000, first + 20_000]);
  });

  it("has none where there is no series", () => {
    expect(startsOf({ ...METRICS, series: [] })).toEqual([]);
  });
});

describe("linesOf", () => {
  it("shows what is named, in that order, and leaves out what was not answered", () => {
    const lines = linesOf(METRICS, { partitions: "all", lag_records: "lag", connections: "open" });
    expect(lines).toEqual([
      { name: "all", values: [6, 6, 6] },
      { name: "open", values: [1, null, 3] },
    ]);
  });
});
