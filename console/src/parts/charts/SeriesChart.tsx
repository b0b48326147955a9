import "uplot/dist/uPlot.min.css";

import { Text, useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import { bytes, whole } from "../quantities";
import { Legend, seriesVariable } from "./Legend";

const HEIGHT = 200;
const AXIS_PX = 76;
const MS_PER_SECOND = 1000;
const MINUTE_MS = 60_000;
const FONT = "12px system-ui, sans-serif";
const HEADROOM = 1.1;
const POINTS_MAX = 48;
/** Labels of the time axis by the step between them: hours under their day, days, months. */
const DATES: uPlot.Axis.Values = [
  [3600 * 24 * 28, "{MMM} {YYYY}", null, null, null, null, null, null, 1],
  [3600 * 24, "{D} {MMM}", null, null, null, null, null, null, 1],
  [3600, "{HH}:{mm}", null, null, "\n{D} {MMM}", null, null, null, 1],
];

/** Steps of an axis: powers of two for bytes, whole numbers for what is counted. */
const POWERS_OF_TWO = Array.from({ length: 52 }, (_, power) => 2 ** power);
const WHOLE = Array.from({ length: 9 }, (_, power) =>
  [1, 2, 5].map((step) => step * 10 ** power),
).flat();
const FRACTIONS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
const STEPS = {
  bytes: POWERS_OF_TWO,
  count: WHOLE,
  rate: POWERS_OF_TWO,
  per_second: [...FRACTIONS, ...WHOLE],
  ms: [...FRACTIONS, ...WHOLE],
};

/** Values of each kind in words. */
export const WRITE = {
  bytes,
  count: whole,
  rate: (value: number) => `${bytes(Math.round(value))}/s`,
  per_second: (value: number) => `${Number(value.toPrecision(3))}/s`,
  ms: (value: number) => `${Number(value.toPrecision(3))} ms`,
};

export type Kind = keyof typeof STEPS;

export interface Series {
  name: string;
  /** Null where there is nothing to tell of. */
  values: readonly (number | null)[];
}

interface Drawn {
  /** Starts of the intervals in milliseconds since the epoch, ascending. */
  times: readonly number[];
  /** The period that is shown, of which there may be a part still to come. */
  start: string;
  end: string;
  series: readonly Series[];
  kind: Kind;
}

/** Lines over UTC time, and the figures under the pointer; all of them stand in a table nearby. */
export function SeriesChart({ label, ...drawn }: Drawn & { label: string }) {
  const { times, start, end, series, kind } = drawn;
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
      options({ times, start, end, series, kind }, width, place.current, setPointed),
      data,
      place.current,
    );
    return () => made.destroy();
  }, [times, start, end, series, kind, width, scheme]);
  return (
    <figure className="figure">
      {series.length > 1 && <Legend series={series.map((each) => each.name)} />}
      <div ref={ref} role="img" aria-label={label} style={{ height: HEIGHT }}>
        <div ref={place} aria-hidden />
      </div>
      <Text size="xs" c="dimmed" className="figures" aria-hidden>
        {pointed === null ? "Times are UTC" : reading(drawn, pointed)}
      </Text>
    </figure>
  );
}

/** The figures of one interval in words. */
function reading({ times, series, kind }: Drawn, index: number): string {
  const at = times[index];
  if (at === undefined) return "";
  const figures = series.map(({ name, values }) => {
    const value = values[index] ?? null;
    return `${name} ${value === null ? "–" : WRITE[kind](value)}`;
  });
  return [`${writeTime(at, times)} UTC`, ...figures].join(" · ");
}

/** When an interval begins: to the second only where intervals are shorter than a minute. */
export function writeTime(at: number, times: readonly number[]): string {
  const [first = 0, second = 0] = times;
  const digits = second - first >= MINUTE_MS || times.length < 2 ? 16 : 19;
  return new Date(at).toISOString().slice(0, digits).replace("T", " ");
}

function isSparse({ values }: Series): boolean {
  return values.filter((value) => value !== null).length <= POINTS_MAX;
}

function options(
  { start, end, series, kind }: Drawn,
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
    scales: {
      x: { range: [Date.parse(start) / MS_PER_SECOND, Date.parse(end) / MS_PER_SECOND] },
      y: { range: (_plot, _low, high) => [0, high > 0 ? high * HEADROOM : 1] },
    },
    axes: [
      { ...axis, values: DATES },
      {
        ...axis,
        size: AXIS_PX,
        incrs: STEPS[kind],
        values: (_plot, values) => values.map((value) => WRITE[kind](value)),
      },
    ],
    series: [
      {},
      ...series.map((each, index) => ({
        label: each.name,
        stroke: color(seriesVariable(index)),
        width: 2,
        // A value without neighbours makes no line.
        points: { size: 6, fill: color(seriesVariable(index)), show: series.every(isSparse) },
      })),
    ],
  };
}
