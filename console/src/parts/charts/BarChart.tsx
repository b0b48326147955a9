import { useElementSize } from "@mantine/hooks";
import { labelEvery, ticks, tickText } from "./scale";

const HEIGHT = 220;
const LEFT = 76;
const RIGHT = 8;
const TOP = 22;
const BOTTOM = 26;
const GAP_SHARE = 0.25;
const BAR_WIDTH_MAX = 48;
const LABEL_PX = 30;
const TICKS = 4;

/** One bar: what stands below it, how high it is, and its figure in words. */
export interface Bar {
  label: string;
  value: number;
  title: string;
}

/** Bars of values that are never negative; the same figures stand in a table beside every use. */
export function BarChart({
  label,
  unit,
  bars,
}: {
  label: string;
  unit: string;
  bars: readonly Bar[];
}) {
  const { ref, width } = useElementSize();
  const values = ticks(Math.max(0, ...bars.map((bar) => bar.value)), TICKS);
  const top = values.at(-1) || 1;
  const inner = Math.max(0, width - LEFT - RIGHT);
  const high = HEIGHT - TOP - BOTTOM;
  const slot = inner / Math.max(1, bars.length);
  const barWidth = Math.min(BAR_WIDTH_MAX, slot * (1 - GAP_SHARE));
  const every = labelEvery(bars.length, inner, LABEL_PX);
  const y = (value: number) => TOP + high * (1 - value / top);
  return (
    <figure className="figure" ref={ref}>
      <svg role="img" aria-label={label} width="100%" height={HEIGHT} className="chart">
        {width > 0 && (
          <>
            <text className="chart-text" x={LEFT - 8} y={10} textAnchor="end">
              {unit}
            </text>
            {values.map((value) => (
              <g key={value}>
                <line
                  className="chart-grid"
                  x1={LEFT}
                  x2={width - RIGHT}
                  y1={y(value)}
                  y2={y(value)}
                />
                <text className="chart-text" x={LEFT - 8} y={y(value)} dy="0.32em" textAnchor="end">
                  {tickText(value)}
                </text>
              </g>
            ))}
            {bars.map((bar, index) => {
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
                  <rect
                    className="chart-bar"
                    x={middle - barWidth / 2}
                    y={y(bar.value)}
                    width={barWidth}
                    height={high + TOP - y(bar.value)}
                  />
                  {index % every === 0 && (
                    <text className="chart-text" x={middle} y={HEIGHT - 8} textAnchor="middle">
                      {bar.label}
                    </text>
                  )}
                </g>
              );
            })}
          </>
        )}
      </svg>
    </figure>
  );
}
