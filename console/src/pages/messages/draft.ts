import type { operations } from "../../api/schema";
import { textToBase64 } from "./decode";

export type ValueType = "STRING" | "JSON" | "BINARY" | "NULL";

/** A record as it is being typed. */
export interface Draft {
  /** Null leaves the choice to the key. */
  partition: number | null;
  key: string;
  type: ValueType;
  value: string;
  headers: readonly { name: string; value: string }[];
}

type ProduceRecord = operations["produce_records"]["requestBody"]["content"]["application/json"];

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** What is wrong with the value as typed, if anything is. */
export function valueProblem({ type, value }: Draft): string | undefined {
  if (type === "BINARY" && !BASE64.test(value.trim())) return "This is not base64.";
  if (type !== "JSON") return undefined;
  try {
    JSON.parse(value);
    return undefined;
  } catch (cause) {
    return `This is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`;
  }
}

/** The record to send. */
export function recordOf(draft: Draft): ProduceRecord {
  const headers = draft.headers.filter(({ name }) => name !== "");
  return {
    ...(draft.partition === null ? {} : { partition_id: draft.partition }),
    ...(draft.key === "" ? {} : { key: { type: "STRING", data: draft.key } }),
    ...(draft.type === "NULL" ? {} : { value: typedValue(draft) }),
    headers: headers.map(({ name, value }) => ({ name, value: textToBase64(value) })),
  };
}

function typedValue({ type, value }: Draft): NonNullable<ProduceRecord["value"]> {
  if (type === "JSON") return { type: "JSON", data: JSON.parse(value) as unknown };
  return {
    type: type === "BINARY" ? "BINARY" : "STRING",
    data: type === "BINARY" ? value.trim() : value,
  };
}
