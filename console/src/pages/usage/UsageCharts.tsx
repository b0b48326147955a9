import { SimpleGrid, Stack } from "@mantine/core";
import { useMemo } from "react";
import type { Usage } from "../../api/usage";
import { type Kind, type Series, SeriesChart } from "../../parts/charts/SeriesChart";
import { ChartFigures } from "../../parts/FigureTable";
import { bytes, whole } from "../../parts/quantities";
import { Section } from "../../parts/Section";
import { everyHour } from "./series";

/** A period hour by hour: what moved, and what was there at the end of each hour. */
export function UsageCharts({ usage }: { usage: Usage }) {
  const charts = useMemo(() => {
    const hourly = everyHour(usage.start, usage.end, usage.data, new Date());
    const traffic = [
      { name: "in", values: hourly.bytesIn },
      { name: "out", values: hourly.bytesOut },
    ];
    return {
      times: hourly.times,
      traffic,
      stored: [{ name: "stored", values: hourly.stored }],
      partitions: [{ name: "partitions", values: hourly.partitions }],
      connections: [{ name: "connections", values: hourly.connections }],
    };
  }, [usage]);
  const common = { times: charts.times, start: usage.start, end: usage.end };
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
      <HourChart title="Data per hour" kind="bytes" series={charts.traffic} {...common} />
      <HourChart title="Stored over time" kind="bytes" series={charts.stored} {...common} />
      <HourChart title="Partitions over time" kind="count" series={charts.partitions} {...common} />
      <HourChart
        title="Connections over time"
        kind="count"
        series={charts.connections}
        {...common}
      />
    </SimpleGrid>
  );
}

function HourChart({
  title,
  kind,
  series,
  ...period
}: {
  title: string;
  kind: Kind;
  series: readonly Series[];
  times: readonly number[];
  start: string;
  end: string;
}) {
  const write = kind === "bytes" ? bytes : whole;
  const rows = period.times
    .map((time, index) => ({ time, figures: series.map((each) => each.values[index] ?? null) }))
    .filter(({ figures }) => figures.some((figure) => figure !== null && figure !== 0));
  return (
    <Section title={title}>
      <Stack gap="xs">
        <SeriesChart label={`Chart: ${title}`} kind={kind} series={series} {...period} />
        {rows.length > 0 && (
          <ChartFigures
            label={title}
            columns={[
              { label: "Hour (UTC)" },
              ...series.map(({ name }) => ({ label: name, isFigure: true })),
            ]}
            rows={rows.map(({ time, figures }) => ({
              key: String(time),
              cells: [
                new Date(time).toISOString().slice(0, 16).replace("T", " "),
                ...figures.map((figure) => (figure === null ? "–" : write(figure))),
              ],
            }))}
          />
        )}
      </Stack>
    </Section>
  );
}
