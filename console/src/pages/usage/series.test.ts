import { describe, expect, it } from "vitest";
import { everyHour, shares } from "./series";

const DAY = ["2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"] as const;
const HOUR = {
  started_at: "2026-11-22T01:00:00Z",
  bytes_in: 7,
  bytes_out: 9,
  stored_bytes: 70,
  partitions: 3,
  connections: 0,
};

describe("everyHour", () => {
  it("ends with the hour that it is", () => {
    const { times } = everyHour(...DAY, [], new Date("2026-11-22T02:00:00Z"));
    expect(times.map((at) => new Date(at).getUTCHours())).toEqual([0, 1, 2]);
  });

  it("ends with the period when that is over", () => {
    expect(everyHour(...DAY, [], new Date("2026-12-01T00:00:00Z")).times).toHaveLength(24);
  });

  it("has nothing in and out, and no level, where nothing ran", () => {
    const filled = everyHour(...DAY, [HOUR], new Date("2026-11-22T01:30:00Z"));
    expect(filled.bytesIn).toEqual([0, 7]);
    expect(filled.bytesOut).toEqual([0, 9]);
    expect(filled.stored).toEqual([null, 70]);
    expect(filled.connections).toEqual([null, 0]);
  });
});

describe("shares", () => {
  it("adds up what belongs together and puts the largest first", () => {
    const item = { bytes_in: 1, bytes_out: 2, records_in: 3, requests: 4 };
    const items = [
      { ...item, topic: "quiet" },
      { ...item, topic: "orders" },
      { ...item, topic: "orders" },
    ];
    expect(shares(items, ({ topic }) => ({ key: topic, name: topic }))).toEqual([
      { key: "orders", name: "orders", bytes_in: 2, bytes_out: 4, records_in: 6, requests: 8 },
      { key: "quiet", name: "quiet", bytes_in: 1, bytes_out: 2, records_in: 3, requests: 4 },
    ]);
  });
});
