import { describe, expect, it } from "vitest";
import { type Draft, recordOf, valueProblem } from "./draft";

const draft = (changes: Partial<Draft>): Draft => ({
  partition: null,
  key: "",
  type: "STRING",
  value: "",
  headers: [],
  ...changes,
});

describe("recordOf", () => {
  it("leaves out what was not filled in", () => {
    expect(recordOf(draft({ value: "hello" }))).toEqual({
      value: { type: "STRING", data: "hello" },
      headers: [],
    });
  });

  it("sends a null value by leaving it out", () => {
    expect(recordOf(draft({ type: "NULL", key: "gone" }))).toEqual({
      key: { type: "STRING", data: "gone" },
      headers: [],
    });
  });

  it("sends JSON as JSON, headers in base64, and the partition that was chosen", () => {
    const headers = [
      { name: "trace", value: "é" },
      { name: "", value: "dropped" },
    ];
    expect(recordOf(draft({ type: "JSON", value: ' {"a": 1}', partition: 0, headers }))).toEqual({
      partition_id: 0,
      value: { type: "JSON", data: { a: 1 } },
      headers: [{ name: "trace", value: "w6k=" }],
    });
  });
});

describe("valueProblem", () => {
  it.each([
    ["STRING", ""],
    ["NULL", "anything"],
    ["JSON", "[1]"],
    ["BINARY", " AAE= "],
  ] as const)("finds nothing wrong with %s %j", (type, value) => {
    expect(valueProblem(draft({ type, value }))).toBeUndefined();
  });

  it.each([
    ["JSON", "{"],
    ["BINARY", "AAE"],
    ["BINARY", "nicht!"],
  ] as const)("says what is wrong with %s %j", (type, value) => {
    expect(valueProblem(draft({ type, value }))).toMatch(/This is not/);
  });
});
