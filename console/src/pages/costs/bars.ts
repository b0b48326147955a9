import type { Bar } from "../../parts/charts/BarChart";
import { money } from "../../parts/money";

/** Bars of amounts. Their heights may be rounded, for they are pixels; their titles are exact. */
export function costBars(
  figures: readonly { label: string; name: string; amount: string }[],
  currency: string,
): Bar[] {
  return figures.map(({ label, name, amount }) => ({
    label,
    value: Math.max(0, Number(amount)),
    title: `${name}: ${money(amount, currency)}`,
  }));
}
