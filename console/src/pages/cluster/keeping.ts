import type { Cluster } from "../../api/queries";

export const ANY_TIME = "any_time";
export const WEEKDAYS = [
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
  "sunday",
] as const;

const GIB = 1024 ** 3;
const HOUR_MS = 3_600_000;

/** What a form holds; an empty field is no limit. */
export type Keeping = {
  storageGib: number | string;
  retentionHours: number | string;
  retentionGib: number | string;
  weekday: string;
  hour: number;
};

type Kept = Pick<
  Cluster,
  "storage_limit_bytes" | "retention_ms_max" | "retention_bytes_max" | "maintenance_window"
>;

/** The limits and the window of a cluster as a form shows them. */
export function keepingOf(cluster: Kept): Keeping {
  return {
    storageGib: shown(cluster.storage_limit_bytes, GIB),
    retentionHours: shown(cluster.retention_ms_max, HOUR_MS),
    retentionGib: shown(cluster.retention_bytes_max, GIB),
    weekday: cluster.maintenance_window?.weekday ?? ANY_TIME,
    hour: cluster.maintenance_window?.hour ?? 0,
  };
}

/** What of a cluster a form changes: fields that say what is so already are left out. */
export function keepingPatch(cluster: Kept, keeping: Keeping) {
  const before = keepingOf(cluster);
  const weekday = WEEKDAYS.find((each) => each === keeping.weekday);
  const hasOtherWindow =
    keeping.weekday !== before.weekday || (weekday !== undefined && keeping.hour !== before.hour);
  return {
    ...(keeping.storageGib !== before.storageGib && {
      storage_limit_bytes: count(keeping.storageGib, GIB),
    }),
    ...(keeping.retentionHours !== before.retentionHours && {
      retention_ms_max: count(keeping.retentionHours, HOUR_MS),
    }),
    ...(keeping.retentionGib !== before.retentionGib && {
      retention_bytes_max: count(keeping.retentionGib, GIB),
    }),
    ...(hasOtherWindow && {
      maintenance_window:
        weekday === undefined ? (ANY_TIME as typeof ANY_TIME) : { weekday, hour: keeping.hour },
    }),
  };
}

function shown(limit: number | null, unit: number): number | string {
  return limit === null ? "" : limit / unit;
}

/** A field in base units; 0, which is no limit, for an empty one. */
function count(field: number | string, unit: number): number {
  return Math.round(Number(field) * unit);
}
