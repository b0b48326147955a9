import type { Metrics } from "../../api/metrics";
import type { Series } from "../../parts/charts/SeriesChart";

const MS_PER_SECOND = 1000;

/** Starts of all steps, in milliseconds since the epoch. */
export function startsOf(metrics: Metrics): number[] {
  const from = Date.parse(metrics.from);
  const count = metrics.series[0]?.values.length ?? 0;
  return Array.from(
    { length: count },
    (_, index) => from + index * metrics.step_seconds * MS_PER_SECOND,
  );
}

/** Lines of a chart: metrics by their names, under the names that people are shown. */
export function linesOf(metrics: Metrics, names: Readonly<Record<string, string>>): Series[] {
  return Object.entries(names).flatMap(([name, shown]) => {
    const found = metrics.series.find((each) => each.name === name);
    return found ? [{ name: shown, values: found.values }] : [];
  });
}
