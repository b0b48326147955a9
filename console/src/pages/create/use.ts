import type { ExpectedUse } from "../../api/billing";

/** What a person says a cluster will be used for; gigabytes as they were typed. */
export interface Use {
  gbIn: string;
  gbOut: string;
  gbStored: string;
  partitions: number;
}

const GIGABYTES = /^\d{1,7}(\.\d{1,9})?$/;
export const GIGABYTES_MAX = 1_000_000;
export const PLACES_MAX = 3;

/** Uses to begin with, from a first look to a busy service. */
export const EXAMPLES = [
  { name: "Trying out", use: { gbIn: "1", gbOut: "2", gbStored: "10", partitions: 30 } },
  { name: "A service", use: { gbIn: "20", gbOut: "60", gbStored: "100", partitions: 200 } },
  { name: "A busy one", use: { gbIn: "300", gbOut: "900", gbStored: "2000", partitions: 1000 } },
] as const satisfies readonly { name: string; use: Use }[];

/** The example that a use is, undefined if it is none. */
export function exampleOf(use: Use): string | undefined {
  const same = (one: Use) =>
    one.gbIn === use.gbIn &&
    one.gbOut === use.gbOut &&
    one.gbStored === use.gbStored &&
    one.partitions === use.partitions;
  return EXAMPLES.find((each) => same(each.use))?.name;
}

/** A use as the price is asked for; undefined while a figure is missing or none. */
export function expectedUse(use: Use): ExpectedUse | undefined {
  const { gbIn, gbOut, gbStored, partitions } = use;
  const isGood = [gbIn, gbOut, gbStored].every(
    (each) => GIGABYTES.test(each) && Number(each) <= GIGABYTES_MAX,
  );
  if (!isGood || !Number.isInteger(partitions) || partitions < 0) return undefined;
  return { gb_in_per_day: gbIn, gb_out_per_day: gbOut, gb_stored: gbStored, partitions };
}
