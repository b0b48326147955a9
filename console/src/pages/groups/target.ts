import type { OffsetReset } from "../../api/groups";
import { instantOf } from "../messages/place";

export type Kind = "earliest" | "latest" | "time" | "shift" | "offset";

/** What is typed into the form of a reset. */
export interface Draft {
  kind: Kind;
  /** Of a field for date and time, in the reader's zone. */
  time: string;
  number: number | string;
  topic: string | null;
}

/** The request that a draft stands for; nothing while it is not whole. */
export function resetOf(draft: Draft): OffsetReset | undefined {
  const topics = draft.topic === null ? {} : { topics: [{ topic: draft.topic }] };
  if (draft.kind === "earliest" || draft.kind === "latest") return { to: draft.kind, ...topics };
  if (draft.kind === "time") {
    const at = instantOf(draft.time);
    return at === undefined ? undefined : { to: "time", at, ...topics };
  }
  const number = draft.number === "" ? Number.NaN : Number(draft.number);
  if (!Number.isSafeInteger(number)) return undefined;
  if (draft.kind === "shift") return { to: "shift", by: number, ...topics };
  return number < 0 ? undefined : { to: "offset", offset: number, ...topics };
}
