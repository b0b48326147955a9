import { describe, expect, it } from "vitest";
import { labelLines, parseLabels } from "./labels";

describe("labels", () => {
  it("come back from the lines they are written in", () => {
    const labels = { team: "search", cost: "a=b" };
    expect(labelLines(labels)).toBe("cost=a=b\nteam=search");
    expect(parseLabels(labelLines(labels))).toEqual(labels);
  });

  it("leave blank lines and blanks around names and values out", () => {
    expect(parseLabels("\n team = search \n\n")).toEqual({ team: "search" });
  });

  it("are refused where a line is no pair", () => {
    expect(parseLabels("team")).toBeNull();
    expect(parseLabels("=search")).toBeNull();
  });
});
