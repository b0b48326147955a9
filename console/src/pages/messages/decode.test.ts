import { describe, expect, it } from "vitest";
import { decode, fromBase64, textToBase64 } from "./decode";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("decode", () => {
  it("shows JSON indented where a record is shown whole, and as it is on a line", () => {
    const json = bytes('{"city": "Zürich"}');
    expect(decode(json, "auto", false)).toEqual({ text: '{"city": "Zürich"}', as: "json" });
    expect(decode(json, "auto", true)).toEqual({ text: '{\n  "city": "Zürich"\n}', as: "json" });
  });

  it.each(['{"n":9007199254740993}', '{"n":1.0}', '{"a":1,"a":2}'])(
    "does not indent what would change by it: %s",
    (text) => {
      expect(decode(bytes(text), "json", true)).toEqual({ text, as: "json" });
    },
  );

  it.each(["12", '"a"', "null", "{", ""])("takes %j for text", (text) => {
    expect(decode(bytes(text), "auto", true)).toEqual({ text, as: "text" });
  });

  it.each(["auto", "json", "text"] as const)(
    "shows bytes that are no text in hex as %s",
    (format) => {
      expect(decode(Uint8Array.of(0, 1, 254), format, true)).toEqual({
        text: "00 01 fe",
        as: "hex",
      });
    },
  );

  it("shows text that is mostly invisible in hex, unless text was asked for", () => {
    expect(decode(Uint8Array.of(0, 7), "auto", false).as).toBe("hex");
    expect(decode(Uint8Array.of(0, 7), "text", false).as).toBe("text");
  });

  it("keeps a byte order mark", () => {
    expect(decode(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61), "text", false).text).toBe("\ufeffa");
  });

  it("gives base64 back as it came", () => {
    const encoded = textToBase64("Grüße");
    expect(decode(fromBase64(encoded), "base64", false).text).toBe(encoded);
    expect(decode(fromBase64(encoded), "text", false).text).toBe("Grüße");
  });
});
