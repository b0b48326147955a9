import { describe, expect, it } from "vitest";
import { instantOf, localText, placeFrom, placeOf, startOf } from "./place";

const NOON = "2026-11-22T12:00:00.000Z";

const given = (search: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(placeOf(search)).filter(([, value]) => value !== undefined));

describe("a place in a topic", () => {
  it.each([
    [{}, {}],
    [{ from: "latest", offset: 7 }, {}],
    [
      { from: "earliest", partition: 2 },
      { from: "earliest", partition: 2 },
    ],
    [
      { from: "offset", offset: 77, partition: 1 },
      { from: "offset", offset: 77, partition: 1 },
    ],
    [
      { from: "time", since: NOON },
      { from: "time", since: NOON },
    ],
    [
      { from: "time", since: "2026-11-22T13:00:00+01:00" },
      { from: "time", since: NOON },
    ],
  ])("is read from an address: %j", (search, place) => {
    expect(given(search)).toEqual(place);
  });

  it.each([
    [{ from: "nowhere", partition: -1 }, {}],
    [{ from: "time", since: "soon" }, {}],
    [{ from: "time", since: 1763812800000 }, {}],
    [{ from: "time" }, {}],
    [
      { from: "offset", offset: -1 },
      { from: "offset", offset: 0, partition: 0 },
    ],
    [
      { from: "offset", offset: "many", partition: 1.5 },
      { from: "offset", offset: 0, partition: 0 },
    ],
  ])("leaves out what is none: %j", (search, place) => {
    expect(given(search)).toEqual(place);
  });

  it("begins an hour ago when a time is asked for", () => {
    const place = placeFrom("time", 3, new Date(NOON));
    expect([place.since, place.partition]).toEqual(["2026-11-22T11:00:00.000Z", 3]);
  });

  it("is where reading begins", () => {
    const starts = [
      startOf({}),
      startOf({ from: "earliest" }),
      startOf({ from: "offset", offset: 7 }),
      startOf({ from: "time", since: NOON }),
    ];
    expect(starts).toEqual(["latest", "earliest", 7, new Date(NOON)]);
  });
});

describe("a field for date and time", () => {
  it("writes and reads the reader's zone", () => {
    const at = new Date(2026, 10, 2, 3, 4, 5);
    expect(localText(at)).toBe("2026-11-02T03:04:05");
    expect(instantOf(localText(at))).toBe(at.toISOString());
  });

  it.each(["", "2026-11-22", "2026-13-01T00:00", undefined])("may say nothing: %j", (text) => {
    expect(instantOf(text)).toBeUndefined();
  });
});
