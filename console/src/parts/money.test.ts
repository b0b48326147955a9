import { describe, expect, it } from "vitest";
import { aligned, compare, decimal, micros, money, sum } from "./money";

describe("money", () => {
  it.each([
    ["0", "0.00 USD"],
    ["0.000019", "0.000019 USD"],
    ["0.060000", "0.06 USD"],
    ["1", "1.00 USD"],
    ["1234567.5", "1,234,567.50 USD"],
    ["-0.25", "\u22120.25 USD"],
    ["9007199254740993.000001", "9,007,199,254,740,993.000001 USD"],
  ])("writes %s", (amount, text) => {
    expect(money(amount, "USD")).toBe(text.replace(" ", "\u00a0"));
  });
});

describe("micros", () => {
  it.each(["", ".5", "1e-7", "1.0000001", "NaN", "1,5"])("refuses %j", (text) => {
    expect(() => micros(text)).toThrow(RangeError);
  });
});

describe("sum", () => {
  it("is exact where floats are not", () => {
    expect(decimal(sum(["0.1", "0.2", "-0.3"]))).toBe("0.00");
    expect(sum([])).toBe(0n);
  });
});

describe("aligned", () => {
  it("gives a column the places it needs, none beyond, none lost", () => {
    expect(aligned(["1.500000", "0.000100", "-2"])).toEqual(["1.5000", "0.0001", "\u22122.0000"]);
    expect(aligned(["1.500000", "2"])).toEqual(["1.50", "2.00"]);
    expect(aligned([])).toEqual([]);
  });
});

describe("compare", () => {
  it("orders amounts, not texts", () => {
    expect(["9", "10", "-1"].toSorted(compare)).toEqual(["-1", "9", "10"]);
  });
});
