import { expect, test } from "vitest";
import { type Draft, resetOf } from "./target";

const draft: Draft = { kind: "earliest", time: "", number: "", topic: null };

test("a draft becomes the request that it stands for", () => {
  expect(resetOf(draft)).toEqual({ to: "earliest" });
  expect(resetOf({ ...draft, topic: "t" })).toEqual({ to: "earliest", topics: [{ topic: "t" }] });
  expect(resetOf({ ...draft, kind: "shift", number: -5 })).toEqual({ to: "shift", by: -5 });
  expect(resetOf({ ...draft, kind: "offset", number: "7" })).toEqual({ to: "offset", offset: 7 });
  const at = resetOf({ ...draft, kind: "time", time: "2026-11-22T09:30:00" })?.at;
  expect(at).toBe(new Date("2026-11-22T09:30:00").toISOString());
});

test("a draft that is not whole becomes nothing", () => {
  expect(resetOf({ ...draft, kind: "time" })).toBeUndefined();
  expect(resetOf({ ...draft, kind: "shift" })).toBeUndefined();
  expect(resetOf({ ...draft, kind: "offset", number: -1 })).toBeUndefined();
});
