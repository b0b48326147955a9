import { describe, expect, it } from "vitest";
import { bytes, instant, plural } from "./quantities";

describe("bytes", () => {
  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1 KiB"],
    [1536, "1.5 KiB"],
    [16 * 1024 ** 2, "16 MiB"],
  ])("writes %d", (count, text) => {
    expect(bytes(count)).toBe(text);
  });
});

describe("plural", () => {
  it("counts", () => {
    expect([plural(1, "topic"), plural(0, "topic"), plural(1000, "topic")]).toEqual([
      "1 topic",
      "0 topics",
      "1,000 topics",
    ]);
  });
});

describe("instant", () => {
  it("is in the reader's zone, to the millisecond", () => {
    expect(instant(new Date(2026, 0, 2, 3, 4, 5, 6).getTime())).toBe("2026-01-02 03:04:05.006");
    expect(instant(null)).toBe("–");
  });
});
