import { bytes } from "../../parts/quantities";

const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
] as const;
const NUMBER = /^-?\d+$/;
const NO_LIMIT = "no limit";

/** A setting's number as people say it: days for milliseconds, GiB for bytes; else undefined. */
export function inWords(name: string, value: string): string | undefined {
  if (!NUMBER.test(value)) return undefined;
  const number = Number(value);
  const isTime = name.endsWith(".ms");
  if (!isTime && !name.endsWith(".bytes")) return undefined;
  // What is too large for a number in here is what Kafka writes for no limit at all.
  if (number === -1 || !Number.isSafeInteger(number)) return NO_LIMIT;
  if (number < 0) return undefined;
  return isTime ? duration(number) : bytes(number);
}

function duration(ms: number): string | undefined {
  const unit = UNITS.find(([, length]) => ms >= length && ms % length === 0);
  if (unit === undefined) return undefined;
  const count = ms / unit[1];
  return `${count} ${unit[0]}${count === 1 ? "" : "s"}`;
}
