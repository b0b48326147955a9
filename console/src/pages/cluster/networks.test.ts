import { describe, expect, it } from "vitest";
import { networkLines, parseNetworks } from "./networks";

describe("networks", () => {
  it("are one a line, without what is empty", () => {
    const typed = " 192.0.2.0/24 \n\n2001:db8::/32\n";
    expect(parseNetworks(typed)).toEqual(["192.0.2.0/24", "2001:db8::/32"]);
    expect(parseNetworks("\n \n")).toEqual([]);
  });

  it("come back from the lines they are written in", () => {
    const networks = ["192.0.2.7", "10.0.0.0/8"];
    expect(parseNetworks(networkLines(networks))).toEqual(networks);
  });
});
