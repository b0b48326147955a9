/** How the bytes of keys, values and headers are shown. */
export const FORMATS = ["auto", "json", "text", "hex", "base64"] as const;
export type Format = (typeof FORMATS)[number];

export interface Decoded {
  text: string;
  /** What the bytes turned out to be, or were shown as. */
  as: Exclude<Format, "auto">;
}

const HEX_RADIX = 16;
const HEX_PER_BYTE = 2;
const INDENT = 2;
// Text would show these as nothing, or as something else than they are.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const UNPRINTABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** Bytes from what the API writes in base64. */
export function fromBase64(encoded: string): Uint8Array {
  return Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
}

/** UTF-8 bytes of a text, in base64. */
export function textToBase64(text: string): string {
  return toBase64(new TextEncoder().encode(text));
}

/** Shows bytes in a format, or in the next plainer one that can show them whole. */
export function decode(bytes: Uint8Array, format: Format, indented: boolean): Decoded {
  if (format === "hex") return { text: hex(bytes), as: "hex" };
  if (format === "base64") return { text: toBase64(bytes), as: "base64" };
  const text = utf8(bytes);
  if (text === undefined) return { text: hex(bytes), as: "hex" };
  const json = format === "text" ? undefined : asJson(text, indented);
  if (json !== undefined) return { text: json, as: "json" };
  if (format === "auto" && UNPRINTABLE.test(text)) return { text: hex(bytes), as: "hex" };
  return { text, as: "text" };
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The text if it is a JSON object or array; written anew only where no number would change. */
function asJson(text: string, indented: boolean): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    if (!indented || JSON.stringify(value) !== withoutBlanks(text)) return text;
    return JSON.stringify(value, null, INDENT);
  } catch {
    return undefined;
  }
}

/** The JSON text without the blanks between its tokens. */
function withoutBlanks(text: string): string {
  return text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, "$1");
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(HEX_RADIX).padStart(HEX_PER_BYTE, "0")).join(
    " ",
  );
}

function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
