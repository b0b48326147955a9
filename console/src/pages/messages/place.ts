import type { Start } from "./reading";

const MODES = ["latest", "earliest", "offset", "time"] as const;
export type Mode = (typeof MODES)[number];

/**
 * Which records of a topic are shown, as the page's address holds it.
 *
 * Without `from` they are those that come; without `partition` those of all partitions.
 */
export interface Place {
  from?: Exclude<Mode, "latest"> | undefined;
  /** With `from=offset`, which is of one partition. */
  offset?: number | undefined;
  /** With `from=time`: an instant of RFC 3339 in UTC. */
  since?: string | undefined;
  partition?: number | undefined;
}

const NOWHERE = { from: undefined, offset: undefined, since: undefined };

/** The place that an address tells; what it tells of no sense is left out. */
export function placeOf(search: Record<string, unknown>): Required<Place> {
  const partition = countOf(search.partition);
  const since = instantOf(search.since);
  if (search.from === "earliest") return { ...NOWHERE, from: "earliest", partition };
  if (search.from === "offset") {
    // Offsets of different partitions have nothing to do with each other.
    const offset = countOf(search.offset) ?? 0;
    return { ...NOWHERE, from: "offset", offset, partition: partition ?? 0 };
  }
  if (search.from === "time" && since !== undefined) {
    return { ...NOWHERE, from: "time", since, partition };
  }
  return { ...NOWHERE, partition };
}

/** The place that a choice of `mode` leads to, in the partition that is shown. */
export function placeFrom(mode: Mode, partition: number | undefined, now: Date): Required<Place> {
  const since = new Date(now.getTime() - HOUR_MS).toISOString();
  return placeOf({ from: mode, since, partition });
}

/** Where reading begins at a place. */
export function startOf({ from, offset, since }: Place): Start {
  if (from === "offset") return offset ?? 0;
  if (from === "time" && since !== undefined) return new Date(since);
  return from === "earliest" ? "earliest" : "latest";
}

/** A moment as a field for date and time writes it: in the reader's zone, to the second. */
export function localText(at: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** The instant that such a field says, undefined while it says none. */
export function instantOf(text: unknown): string | undefined {
  if (typeof text !== "string" || !MOMENT.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}

const HOUR_MS = 3_600_000;
const MOMENT = /^\d{4}-\d{2}-\d{2}T/;

function countOf(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : undefined;
}
