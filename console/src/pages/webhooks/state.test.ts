import { expect, test } from "vitest";
import { reasonOf, stateOf } from "./state";

test("a webhook is called, failing or disabled", () => {
  expect(stateOf({ enabled: true, failing_since: null }).label).toBe("called");
  expect(stateOf({ enabled: true, failing_since: "2026-11-22T12:00:00Z" }).label).toBe("failing");
  expect(stateOf({ enabled: false, failing_since: "2026-11-22T12:00:00Z" }).label).toBe("disabled");
});

test("why it is not called is told, a reason of a newer service too", () => {
  expect(reasonOf("answered_gone")).toContain("410");
  expect(reasonOf("something_new")).toBe("It is not called.");
});
