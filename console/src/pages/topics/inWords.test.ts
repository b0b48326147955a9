import { describe, expect, it } from "vitest";
import { inWords } from "./inWords";

describe("a setting's number in words", () => {
  it.each([
    ["retention.ms", "604800000", "7 days"],
    ["retention.ms", "3600000", "1 hour"],
    ["segment.ms", "5400000", "90 minutes"],
    ["segment.ms", "1500", undefined],
    ["retention.ms", "-1", "no limit"],
    ["flush.ms", "9223372036854775807", "no limit"],
    ["segment.bytes", "1073741824", "1 GiB"],
    ["retention.bytes", "-1", "no limit"],
    ["min.insync.replicas", "1", undefined],
    ["cleanup.policy", "delete", undefined],
  ])("%s %s", (name, value, words) => {
    expect(inWords(name, value)).toBe(words);
  });
});
