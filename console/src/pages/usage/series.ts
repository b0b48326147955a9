const HOUR_MS = 3_600_000;

/** An hour's usage as the API tells it, without the split by topic or principal. */
export interface Hour {
  started_at: string;
  bytes_in: number;
  bytes_out: number;
  stored_bytes: number | null;
  partitions: number | null;
  connections: number | null;
}

/** Figures of every hour of a period; null where nothing ran. */
export interface Hourly {
  times: number[];
  bytesIn: number[];
  bytesOut: number[];
  stored: (number | null)[];
  partitions: (number | null)[];
  connections: (number | null)[];
}

/** Fills in the hours that have no usage, up to the one that `now` is in. */
export function everyHour(start: string, end: string, hours: readonly Hour[], now: Date): Hourly {
  const known = new Map(hours.map((hour) => [Date.parse(hour.started_at), hour]));
  const last = Math.min(Date.parse(end), now.getTime() + 1);
  const times: number[] = [];
  for (let at = Date.parse(start); at < last; at += HOUR_MS) times.push(at);
  return {
    times,
    bytesIn: times.map((at) => known.get(at)?.bytes_in ?? 0),
    bytesOut: times.map((at) => known.get(at)?.bytes_out ?? 0),
    stored: times.map((at) => known.get(at)?.stored_bytes ?? null),
    partitions: times.map((at) => known.get(at)?.partitions ?? null),
    connections: times.map((at) => known.get(at)?.connections ?? null),
  };
}

/** What was written and read in one part of a period. */
export interface Traffic {
  bytes_in: number;
  bytes_out: number;
  records_in: number;
  requests: number;
}

export interface Share extends Traffic {
  key: string;
  name: string;
}

/** The sums of what belongs together, those that moved most bytes first. */
export function shares<T extends Traffic>(
  items: readonly T[],
  nameOf: (item: T) => { key: string; name: string },
): Share[] {
  const found = new Map<string, Share>();
  for (const item of items) {
    const { key, name } = nameOf(item);
    const before = found.get(key);
    found.set(key, {
      key,
      name,
      bytes_in: item.bytes_in + (before?.bytes_in ?? 0),
      bytes_out: item.bytes_out + (before?.bytes_out ?? 0),
      records_in: item.records_in + (before?.records_in ?? 0),
      requests: item.requests + (before?.requests ?? 0),
    });
  }
  const moved = (share: Share) => share.bytes_in + share.bytes_out;
  return [...found.values()].sort((one, other) => moved(other) - moved(one));
}
