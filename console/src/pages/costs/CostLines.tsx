import { Text } from "@mantine/core";
import type { CostLine } from "../../api/billing";
import { FigureTable } from "../../parts/FigureTable";
import { byKind, DAILY_CAP, lineTypeName, quantityText } from "../../parts/lineTypes";
import { aligned } from "../../parts/money";
import { Section } from "../../parts/Section";

/** A day's lines, each with what it was computed of. */
export function CostLines({
  page,
}: {
  page: { data: readonly CostLine[]; next_page_token: string | null };
}) {
  const lines = byCluster(page.data);
  const amounts = aligned(lines.map((line) => line.amount));
  const prices = aligned(lines.map((line) => line.price));
  const currency = lines[0]?.currency ?? "";
  return (
    <Section
      title="Lines of the day"
      description="Quantity times price, rounded once for the day. A GB is 1024 MiB, a GB-day one GB kept for 24 hours."
    >
      {lines.length === 0 ? (
        <Text size="sm" c="dimmed">
          Nothing was used on this day.
        </Text>
      ) : (
        <FigureTable
          label="Lines of the day"
          columns={[
            { label: "Cluster" },
            { label: "Kind" },
            { label: "Quantity", isFigure: true, from: "md" },
            { label: `Price of one, ${currency}`, isFigure: true, from: "md" },
            { label: `Amount, ${currency}`, isFigure: true },
          ]}
          rows={lines.map((line, index) => ({
            key: line.id,
            cells: [
              line.resource.display_name,
              lineTypeName(line.line_type),
              line.line_type === DAILY_CAP ? "" : quantityText(line.quantity, line.unit),
              line.line_type === DAILY_CAP ? "" : prices[index],
              amounts[index],
            ],
          }))}
        />
      )}
      {page.next_page_token !== null && (
        <Text size="sm">There are more lines; the daily report has them all.</Text>
      )}
    </Section>
  );
}

/** The lines of a cluster together, in the order of the daily report. */
function byCluster(lines: readonly CostLine[]): CostLine[] {
  const clusters = [...new Set(lines.map((line) => line.resource.id))];
  return clusters.flatMap((id) => byKind(lines.filter((line) => line.resource.id === id)));
}
