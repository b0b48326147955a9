import { expect, test } from "vitest";
import { deviceOf } from "./device";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const EDGE =
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0";
const SAFARI =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";

test("browsers are named with what they run on", () => {
  expect(deviceOf(FIREFOX)).toBe("Firefox on Linux");
  expect(deviceOf(EDGE)).toBe("Edge on Windows");
  expect(deviceOf(SAFARI)).toBe("Safari on iOS");
});

test("what is no browser says itself what it is", () => {
  expect(deviceOf("headrace-python/0.1.0")).toBe("Command line");
  expect(deviceOf("curl/8.5.0")).toBe("curl/8.5.0");
  expect(deviceOf(null)).toBe("Unknown program");
});
