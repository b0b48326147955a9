/** A line that lowers a day's price to the plan's cap; it has no quantity of its own. */
export const DAILY_CAP = "KAFKA_DAILY_CAP";

const NAMES: Readonly<Record<string, string>> = {
  KAFKA_BASE: "Cluster running",
  KAFKA_NETWORK_WRITE: "Data in",
  KAFKA_NETWORK_READ: "Data out",
  KAFKA_STORAGE: "Data stored",
  KAFKA_PARTITION: "Partitions beyond those included",
  [DAILY_CAP]: "Daily cap",
};

/** What a kind of line on the bill is called, as on the daily report; its own name if unknown. */
export function lineTypeName(lineType: string): string {
  return NAMES[lineType] ?? lineType;
}

const ORDER = Object.keys(NAMES);

/** Lines in the order of the daily report; what is unknown comes last. */
export function byKind<T extends { line_type: string }>(lines: readonly T[]): T[] {
  const rank = ({ line_type }: T) =>
    (ORDER.indexOf(line_type) + ORDER.length + 1) % (ORDER.length + 1);
  return lines.toSorted((one, other) => rank(one) - rank(other));
}

const UNITS: Readonly<Record<string, string>> = {
  hour: "hours",
  "GB-day": "GB-days",
  "partition-hour": "partition-hours",
};

/** A quantity with its unit, of which there are several. */
export function quantityText(quantity: string, unit: string): string {
  return `${quantity} ${quantity === "1" ? unit : (UNITS[unit] ?? unit)}`;
}
