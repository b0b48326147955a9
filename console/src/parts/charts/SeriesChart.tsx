import "uplot/dist/uPlot.min.css";

import { Text, useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import { Legend, seriesVariable } from "./Legend";

const HEIGHT = 200;
const AXIS_PX = 76;
const MS_PER_SECOND = 1000;
const FONT = "12px system-ui, sans-serif";
const HEADROOM = 1.1;

export interface Series {
  name: string;
  values: readonly number[];
}

interface Drawn {
  /** Starts of the intervals in milliseconds since the epoch, ascending. */
  times: readonly number[];
  series: readonly Series[];
  format: (value: number) => string;
}

/** Lines over UTC time, and the figures under the pointer; all of them stand in a table nearby. */
export function SeriesChart({ label, times, series, format }: Drawn & { label: string }) {
  const { ref, width } = useElementSize();
  const scheme = useComputedColorScheme("light");
  const place = useRef<HTMLDivElement>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the scheme decides the colours that are read inside
  useEffect(() => {
    if (place.current === null || width === 0) return;
    const data: uPlot.AlignedData = [
      times.map((time) => time / MS_PER_SECOND),
      ...series.map((each) => [...each.values]),
    ];
    const made = new uPlot(
      options({ times, series, format }, width, place.current, setPointed),
      data,
      place.current,
    );
    return () => made.destroy();
  }, [times, series, format, width, scheme]);
  return (
    <figure className="figure">
      {series.length > 1 && <Legend series={series.map((each) => each.name)} />}
      <div ref={ref} role="img" aria-label={label} style={{ height: HEIGHT }}>
        <div ref={place} aria-hidden />
      </div>
      <Text size="xs" c="dimmed" className="figures" aria-hidden>
        {pointed === null ? "Times are UTC" : reading({ times, series, format }, pointed)}
      </Text>
    </figure>
  );
}

/** The figures of one interval in words. */
function reading({ times, series, format }: Drawn, index: number): string {
  const at = times[index];
  if (at === undefined) return "";
  const start = new Date(at).toISOString().slice(0, 16).replace("T", " ");
  const figures = series.map((each) => `${each.name} ${format(each.values[index] ?? 0)}`);
  return [`${start} UTC`, ...figures].join(" · ");
}

function options(
  { series, format }: Drawn,
  width: number,
  within: HTMLElement,
  onPoint: (index: number | null) => void,
): uPlot.Options {
  const style = getComputedStyle(within);
  const color = (variable: string) => style.getPropertyValue(variable).trim();
  const axis: uPlot.Axis = {
    stroke: color("--mantine-color-dimmed"),
    grid: { stroke: color("--mantine-color-default-border"), width: 1 },
    ticks: { show: false },
    font: FONT,
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { setScale: false } },
    hooks: { setCursor: [(plot) => onPoint(plot.cursor.idx ?? null)] },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * MS_PER_SECOND), "Etc/UTC"),
    scales: { y: { range: (_plot, _low, high) => [0, high > 0 ? high * HEADROOM : 1] } },
    axes: [axis, { ...axis, size: AXIS_PX, values: (_plot, values) => values.map(format) }],
    series: [
      {},
      ...series.map((each, index) => ({
        label: each.name,
        stroke: color(seriesVariable(index)),
        width: 2,
        points: { size: 5 },
      })),
    ],
  };
}
