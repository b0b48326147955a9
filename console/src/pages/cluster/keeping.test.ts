import { expect, test } from "vitest";
import { ANY_TIME, keepingOf, keepingPatch } from "./keeping";

const CLUSTER = {
  storage_limit_bytes: 5 * 1024 ** 3,
  retention_ms_max: null,
  retention_bytes_max: 1024 ** 3,
  maintenance_window: { weekday: "sunday", hour: 3 },
} as const;

test("a form that was not touched changes nothing", () => {
  expect(keepingPatch(CLUSTER, keepingOf(CLUSTER))).toEqual({});
});

test("units are whole bytes and milliseconds, and an empty field takes a limit away", () => {
  const keeping = { ...keepingOf(CLUSTER), storageGib: 0.5, retentionHours: 1.5, retentionGib: "" };
  expect(keepingPatch(CLUSTER, keeping)).toEqual({
    storage_limit_bytes: 512 * 1024 ** 2,
    retention_ms_max: 5_400_000,
    retention_bytes_max: 0,
  });
});

test("a window is changed as a whole, and its hour means nothing without a day", () => {
  const before = keepingOf(CLUSTER);
  expect(keepingPatch(CLUSTER, { ...before, hour: 4 })).toEqual({
    maintenance_window: { weekday: "sunday", hour: 4 },
  });
  const none = { ...CLUSTER, maintenance_window: null };
  expect(keepingPatch(CLUSTER, { ...before, weekday: ANY_TIME })).toEqual({
    maintenance_window: ANY_TIME,
  });
  expect(keepingPatch(none, { ...keepingOf(none), hour: 7 })).toEqual({});
});
