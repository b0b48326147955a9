const STEPS = [1, 2, 2.5, 5, 10];

/** Round values from zero to at least `max`, about `count` of them, evenly apart; zero of none. */
export function ticks(max: number, count: number): number[] {
  if (!(max > 0)) return [0];
  const rough = max / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * (STEPS.find((each) => each * power >= rough) ?? 10);
  const steps = Math.ceil(max / step - 1e-9);
  // Multiplied, not added up: sums of decimal fractions drift.
  return Array.from({ length: steps + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

/** Which of `count` evenly spaced labels of some width fit: every n-th, n as small as can be. */
export function labelEvery(count: number, spacePx: number, labelPx: number): number {
  const fitting = Math.max(1, Math.floor(spacePx / labelPx));
  return Math.max(1, Math.ceil(count / fitting));
}

/** A value of `ticks` as it stands beside an axis: every digit it has, no exponent. */
export function tickText(value: number): string {
  return new Intl.NumberFormat("en", { maximumFractionDigits: 9 }).format(value);
}
