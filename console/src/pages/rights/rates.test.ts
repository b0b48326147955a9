import { describe, expect, it } from "vitest";
import { quotaOf, ratesOf } from "./rates";

describe("quotaOf", () => {
  it("sets what was filled in", () => {
    expect(
      quotaOf("user", "importer", { producer_byte_rate: 1024, consumer_byte_rate: "" }),
    ).toEqual({
      entity: [{ type: "user", name: "importer" }],
      rates: { producer_byte_rate: 1024 },
    });
  });

  it("is the default without a name", () => {
    expect(quotaOf("ip", "", { connection_creation_rate: 5 })?.entity).toEqual([
      { type: "ip", name: null },
    ]);
  });

  it("is nothing where nothing of the subject was filled in", () => {
    expect(quotaOf("ip", "192.0.2.7", { producer_byte_rate: 1024 })).toBeUndefined();
    expect(quotaOf("user", "importer", { producer_byte_rate: 0 })).toBeUndefined();
  });
});

describe("ratesOf", () => {
  it("limits the connections of addresses alone", () => {
    expect(ratesOf("ip").map((rate) => rate.name)).toEqual(["connection_creation_rate"]);
    expect(ratesOf("client-id")).toHaveLength(4);
  });
});
