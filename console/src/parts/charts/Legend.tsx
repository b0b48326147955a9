import { Group, Text } from "@mantine/core";

const COLORS = 6;

/** The colour of a series by its place; the last one serves all further ones. */
export function seriesColor(index: number): string {
  return `var(${seriesVariable(index)})`;
}

/** The custom property that holds that colour, for what draws on a canvas. */
export function seriesVariable(index: number): string {
  return `--series-${Math.min(index + 1, COLORS)}`;
}

/** Which colour is which series. */
export function Legend({ series }: { series: readonly string[] }) {
  return (
    <Group gap="md" mb={4}>
      {series.map((name, index) => (
        <Group key={name} gap={6} wrap="nowrap">
          <span className="chart-swatch" style={{ background: seriesColor(index) }} aria-hidden />
          <Text size="xs">{name}</Text>
        </Group>
      ))}
    </Group>
  );
}
