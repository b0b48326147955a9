import { expect, test } from "vitest";
import { span } from "./span";

test.each([
  [null, "–"],
  [0, "0 ms"],
  [999, "999 ms"],
  [1000, "1 s"],
  [61_000, "1 min 1 s"],
  [3_600_000, "1 h"],
  [7_500_000, "2 h 5 min"],
  [90_000_000, "1 d 1 h"],
])("%s milliseconds are %s", (ms, text) => {
  expect(span(ms)).toBe(text);
});
