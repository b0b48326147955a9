import { useElementSize } from "@mantine/hooks";
import { Legend, seriesColor } from "./Legend";
import { labelEvery, ticks } from "./scale";

const HEIGHT = 220;
const LEFT = 76;
const RIGHT = 8;
const TOP = 10;
const BOTTOM = 26;
const GAP_SHARE = 0.25;
const BAR_WIDTH_MAX = 48;
const LABEL_PX = 44;
const TICKS = 4;

/** One bar: what it stands for, its parts from the ground up, and its figures in words. */
export interface Bar {
  label: string;
  parts: readonly number[];
  title: string;
}

/** Bars of parts that are never negative; the same figures stand in a table beside every use. */
export function BarChart({
  label,
  series,
  bars,
  formatTick,
}: {
  label: string;
  series: readonly string[];
  bars: readonly Bar[];
  formatTick: (value: number) => string;
}) {
  const { ref, width } = useElementSize();
  const values = ticks(Math.max(0, ...bars.map((bar) => total(bar))), TICKS);
  const top = values[values.length - 1] ?? 1;
  const inner = Math.max(0, width - LEFT - RIGHT);
  const slot = inner / Math.max(1, bars.length);
  const barWidth = Math.min(BAR_WIDTH_MAX, slot * (1 - GAP_SHARE));
  const high = HEIGHT - TOP - BOTTOM;
  const y = (value: number) => TOP + high * (1 - value / top);
  const every = labelEvery(bars.length, inner, LABEL_PX);
  return (
    <figure className="figure">
      {series.length > 1 && <Legend series={series} />}
      <div ref={ref}>
        <svg role="img" aria-label={label} width="100%" height={HEIGHT} className="chart">
          {width > 0 &&
            values.map((value) => (
              <g key={value}>
                <line
                  className="chart-grid"
                  x1={LEFT}
                  x2={width - RIGHT}
                  y1={y(value)}
                  y2={y(value)}
                />
                <text className="chart-text" x={LEFT - 8} y={y(value)} dy="0.32em" textAnchor="end">
                  {formatTick(value)}
                </text>
              </g>
            ))}
          {width > 0 &&
            bars.map((bar, index) => {
              const middle = LEFT + slot * (index + 0.5);
              return (
                <g key={bar.label}>
                  <title>{bar.title}</title>
                  <rect
                    className="chart-slot"
                    x={middle - slot / 2}
                    y={TOP}
                    width={slot}
                    height={high}
                  />
                  {stack(bar.parts).map(([from, to], part) => (
                    <rect
                      // biome-ignore lint/suspicious/noArrayIndexKey: a part is known by its place alone
                      key={part}
                      x={middle - barWidth / 2}
                      width={barWidth}
                      y={y(to)}
                      height={Math.max(0, y(from) - y(to))}
                      fill={seriesColor(part)}
                    />
                  ))}
                  {index % every === 0 && (
                    <text className="chart-text" x={middle} y={HEIGHT - 8} textAnchor="middle">
                      {bar.label}
                    </text>
                  )}
                </g>
              );
            })}
        </svg>
      </div>
    </figure>
  );
}

function total(bar: Bar): number {
  return bar.parts.reduce((whole, part) => whole + part, 0);
}

/** Where each part begins and ends when they stand on each other. */
function stack(parts: readonly number[]): [number, number][] {
  let from = 0;
  return parts.map((part) => {
    const span: [number, number] = [from, from + part];
    from += part;
    return span;
  });
}
