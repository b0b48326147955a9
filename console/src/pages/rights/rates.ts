import type { QuotaUpdate } from "../../api/rights";

/** Whom a quota can be for. */
export const SUBJECTS = [
  { value: "user", label: "A user" },
  { value: "client-id", label: "A client id" },
  { value: "ip", label: "An address" },
] as const;

export type Subject = (typeof SUBJECTS)[number]["value"];

/** The rates that can be limited, by whom they are for. */
export const RATES = [
  { name: "producer_byte_rate", label: "Bytes written a second", isOfAddress: false },
  { name: "consumer_byte_rate", label: "Bytes read a second", isOfAddress: false },
  { name: "request_percentage", label: "Percent of a thread's time", isOfAddress: false },
  { name: "controller_mutation_rate", label: "Partitions changed a second", isOfAddress: false },
  { name: "connection_creation_rate", label: "Connections a second", isOfAddress: true },
] as const;

export type RateName = (typeof RATES)[number]["name"];

/** The rates that can be limited for a subject. */
export function ratesOf(subject: Subject): (typeof RATES)[number][] {
  return RATES.filter((rate) => rate.isOfAddress === (subject === "ip"));
}

/** The body that sets what was filled in; undefined where that is nothing. */
export function quotaOf(
  subject: Subject,
  name: string,
  values: Readonly<Partial<Record<RateName, number | string>>>,
): QuotaUpdate | undefined {
  const filled = ratesOf(subject).flatMap((rate) => {
    const value = values[rate.name];
    return typeof value === "number" && value > 0 ? [[rate.name, value] as const] : [];
  });
  if (filled.length === 0) return undefined;
  return {
    entity: [{ type: subject, name: name === "" ? null : name }],
    rates: Object.fromEntries(filled),
  };
}
