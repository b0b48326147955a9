import { expect, it } from "vitest";
import { byKind, lineTypeName, quantityText } from "./lineTypes";

it("names what it knows, and keeps what it does not", () => {
  expect([lineTypeName("KAFKA_STORAGE"), lineTypeName("KAFKA_NEW")]).toEqual([
    "Data stored",
    "KAFKA_NEW",
  ]);
});

it("counts in units", () => {
  expect([quantityText("1", "hour"), quantityText("24", "hour"), quantityText("2", "GB")]).toEqual([
    "1 hour",
    "24 hours",
    "2 GB",
  ]);
});

it("puts kinds in the order of the report, and unknown ones last", () => {
  const mixed = ["KAFKA_NEW", "KAFKA_DAILY_CAP", "KAFKA_NETWORK_READ", "KAFKA_BASE"];
  expect(byKind(mixed.map((line_type) => ({ line_type }))).map((one) => one.line_type)).toEqual([
    "KAFKA_BASE",
    "KAFKA_NETWORK_READ",
    "KAFKA_DAILY_CAP",
    "KAFKA_NEW",
  ]);
});
