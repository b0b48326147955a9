import type { Span } from "../../api/metrics";

const HOUR_MS = 3_600_000;

/** The times that can be looked at; each in the shortest steps that are kept for so long. */
export const SPANS: readonly { value: string; label: string; span: Span }[] = [
  { value: "1h", label: "1 hour", span: { ms: HOUR_MS, stepSeconds: 10 } },
  { value: "6h", label: "6 hours", span: { ms: 6 * HOUR_MS, stepSeconds: 60 } },
  { value: "1d", label: "1 day", span: { ms: 24 * HOUR_MS, stepSeconds: 60 } },
  { value: "7d", label: "7 days", span: { ms: 7 * 24 * HOUR_MS, stepSeconds: 3600 } },
  { value: "30d", label: "30 days", span: { ms: 30 * 24 * HOUR_MS, stepSeconds: 3600 } },
];

export const FIRST_SPAN: Span = { ms: HOUR_MS, stepSeconds: 10 };

export function spanOf(value: string): Span {
  return SPANS.find((each) => each.value === value)?.span ?? FIRST_SPAN;
}
