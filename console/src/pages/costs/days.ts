const DAY_MS = 86_400_000;
const DATE_PATTERN = /^\d{4}-\d{2}-\d{2}$/;
const DATE_LENGTH = 10;

/** The UTC day of a moment, as the API writes days. */
export function utcDay(at: Date): string {
  return at.toISOString().slice(0, DATE_LENGTH);
}

/** The UTC day some days after another one. */
export function daysAfter(day: string, count: number): string {
  return utcDay(new Date(Date.parse(day) + count * DAY_MS));
}

/** The first day of a day's month. */
export function monthStart(day: string): string {
  return `${day.slice(0, 8)}01`;
}

/** A day that was written into an address, undefined unless there is such a day. */
export function dayOf(text: unknown): string | undefined {
  if (typeof text !== "string" || !DATE_PATTERN.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) || utcDay(new Date(at)) !== text ? undefined : text;
}

/** A day as people write it: 22 Nov 2026. */
export function dayText(day: string): string {
  return format({ day: "numeric", month: "short", year: "numeric" }, day);
}

/** A day's month as people write it: November 2026. */
export function monthText(day: string): string {
  return format({ month: "long", year: "numeric" }, day);
}

/** What a day's sum is of: all of it, or what is counted of it yet. */
export function dayLabel(day: string, isOver: boolean, today: string): string {
  if (isOver) return dayText(day);
  return day === today ? "Today so far" : `${dayText(day)} so far`;
}

/** What the sum of a day's month is of. */
export function monthLabel(day: string, today: string): string {
  return day === today ? "This month so far" : `${monthText(day)} to that day`;
}

/** One UTC hour: 14:00–15:00. */
export function hourText(startedAt: string): string {
  const hour = new Date(startedAt).getUTCHours();
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(hour)}:00–${two(hour + 1)}:00`;
}

function format(options: Intl.DateTimeFormatOptions, day: string): string {
  return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" }).format(new Date(day));
}
