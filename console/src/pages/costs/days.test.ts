import { describe, expect, it } from "vitest";
import {
  dayLabel,
  dayOf,
  daysAfter,
  dayText,
  hourText,
  monthLabel,
  monthStart,
  monthText,
  utcDay,
} from "./days";

describe("days", () => {
  it("are UTC", () => {
    expect(utcDay(new Date("2026-11-22T23:59:59.999Z"))).toBe("2026-11-22");
    expect([daysAfter("2026-11-30", 1), daysAfter("2026-03-01", -1)]).toEqual([
      "2026-12-01",
      "2026-02-28",
    ]);
    expect(monthStart("2026-11-22")).toBe("2026-11-01");
  });

  it("read as people write them", () => {
    expect([dayText("2026-11-02"), monthText("2026-11-02")]).toEqual([
      "2 Nov 2026",
      "November 2026",
    ]);
    expect([hourText("2026-11-22T09:00:00Z"), hourText("2026-11-22T23:00:00Z")]).toEqual([
      "09:00–10:00",
      "23:00–24:00",
    ]);
  });

  it("are named after what is counted of them", () => {
    const label = (isOver: boolean, today: string) => [
      dayLabel("2026-11-30", isOver, today),
      monthLabel("2026-11-30", today),
    ];
    expect(label(false, "2026-11-30")).toEqual(["Today so far", "This month so far"]);
    // Right after midnight the last windows of the day are still to come.
    expect(label(false, "2026-12-01")).toEqual(["30 Nov 2026 so far", "November 2026 to that day"]);
    expect(label(true, "2026-12-01")).toEqual(["30 Nov 2026", "November 2026 to that day"]);
  });

  it.each(["2026-02-30", "22.11.2026", "2026-1-1", 20261122, undefined])(
    "leave out what is none: %j",
    (text) => {
      expect(dayOf(text)).toBeUndefined();
    },
  );

  it("come out of an address", () => {
    expect(dayOf("2028-02-29")).toBe("2028-02-29");
  });
});
