const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const BYTES_PER_UNIT = 1024;

/** Bytes with a binary unit and at most three significant digits. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= BYTES_PER_UNIT && unit < BYTE_UNITS.length - 1) {
    value /= BYTES_PER_UNIT;
    unit += 1;
  }
  return `${unit === 0 ? count : Number(value.toPrecision(3))} ${BYTE_UNITS[unit]}`;
}

/** A count and its noun. */
export function plural(count: number, noun: string): string {
  return `${whole(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** A whole number with separators. */
export function whole(count: number): string {
  return new Intl.NumberFormat("en").format(count);
}

/** A moment in the reader's zone, to the minute. */
export function moment(iso: string): string {
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" }).format(
    new Date(iso),
  );
}

/** A record's timestamp in the reader's zone, to the millisecond; a dash if it has none. */
export function instant(ms: number | null): string {
  if (ms === null) return "–";
  const at = new Date(ms);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return `${day} ${time}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}
