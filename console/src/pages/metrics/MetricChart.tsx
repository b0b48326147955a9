import { Stack } from "@mantine/core";
import { type ReactNode, useMemo } from "react";
import type { Metrics } from "../../api/metrics";
import { type Kind, SeriesChart, WRITE, writeTime } from "../../parts/charts/SeriesChart";
import { ChartFigures } from "../../parts/FigureTable";
import { Section } from "../../parts/Section";
import { linesOf, startsOf } from "./lines";

/** Some metrics over a range, drawn and as figures. */
export function MetricChart({
  title,
  description,
  kind,
  metrics,
  names,
  actions,
}: {
  title: string;
  description?: string;
  kind: Kind;
  metrics: Metrics;
  /** What the lines are called, by the name of the metric. */
  names: Readonly<Record<string, string>>;
  actions?: ReactNode;
}) {
  const { times, series } = useMemo(
    () => ({ times: startsOf(metrics), series: linesOf(metrics, names) }),
    [metrics, names],
  );
  const rows = times
    .map((time, index) => ({ time, figures: series.map((each) => each.values[index] ?? null) }))
    .filter(({ figures }) => figures.some((figure) => figure !== null));
  return (
    <Section title={title} description={description} actions={actions}>
      <Stack gap="xs">
        <SeriesChart
          label={`Chart: ${title}`}
          kind={kind}
          series={series}
          times={times}
          start={metrics.from}
          end={metrics.to}
        />
        {rows.length > 0 && (
          <ChartFigures
            label={title}
            columns={[
              { label: "From (UTC)" },
              ...series.map(({ name }) => ({ label: name, isFigure: true })),
            ]}
            rows={rows.map(({ time, figures }) => ({
              key: String(time),
              cells: [
                writeTime(time, times),
                ...figures.map((figure) => (figure === null ? "–" : WRITE[kind](figure))),
              ],
            }))}
          />
        )}
      </Stack>
    </Section>
  );
}
