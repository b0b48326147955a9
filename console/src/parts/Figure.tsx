import { Card, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";

/** A figure that is looked at first: what it is, the figure, and what else to know of it. */
export function Figure({ label, value, note }: { label: string; value: string; note?: ReactNode }) {
  return (
    <Card withBorder padding="lg" component="section" aria-label={label}>
      <Stack gap={4}>
        <Text size="sm" c="dimmed">
          {label}
        </Text>
        <Text fz={26} fw={650} lh={1.2} className="figures" style={{ overflowWrap: "anywhere" }}>
          {value}
        </Text>
        {note && (
          <Text size="sm" c="dimmed">
            {note}
          </Text>
        )}
      </Stack>
    </Card>
  );
}
