import { expect, it } from "vitest";
import { lineTypeName, quantityText } from "./lineTypes";

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
