import { Skeleton, Stack, Text } from "@mantine/core";
import type { PricePreview, Rated } from "../../api/billing";
import { FigureTable } from "../../parts/FigureTable";
import { DAILY_CAP, lineTypeName, quantityText } from "../../parts/lineTypes";
import { aligned, money } from "../../parts/money";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { Section } from "../../parts/Section";

/** What the chosen plan costs by the expected use, as it would stand on the bill. */
export function Price({
  preview,
  isComplete,
  cause,
}: {
  preview: PricePreview | undefined;
  isComplete: boolean;
  cause: Error | null;
}) {
  return (
    <Section title="Price" description="By the day, as it would be billed.">
      {cause !== null && <ProblemAlert cause={cause} />}
      <Text
        component="output"
        aria-label="Price per day"
        fz={30}
        fw={650}
        lh={1.2}
        className="figures"
      >
        {preview && isComplete ? `${money(preview.per_day, preview.currency)} a day` : "–"}
      </Text>
      {!isComplete && (
        <Text size="sm" c="dimmed">
          Fill in the expected use to see a price.
        </Text>
      )}
      {isComplete && preview === undefined && cause === null && <Skeleton h={120} />}
      {isComplete && preview && <Breakdown preview={preview} />}
    </Section>
  );
}

function Breakdown({ preview }: { preview: PricePreview }) {
  const { currency } = preview;
  const amounts = aligned(preview.lines.map((line) => line.amount));
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {money(preview.per_30_days, currency)} in 30 days. Never more than{" "}
        {money(preview.daily_cap, currency)} a day: that is the cap of plan {preview.plan}
        {preview.is_capped &&
          `, without which this day would cost ${money(preview.per_day_uncapped, currency)}`}
        .
      </Text>
      {preview.lines.length > 0 && (
        <FigureTable
          label="What the price is made of"
          columns={[
            { label: "Kind" },
            { label: "Quantity", isFigure: true },
            { label: currency, isFigure: true },
          ]}
          rows={preview.lines.map((line, index) => ({
            key: line.line_type,
            cells: [lineTypeName(line.line_type), quantity(line), amounts[index]],
          }))}
        />
      )}
    </Stack>
  );
}

function quantity(line: Rated): string {
  return line.line_type === DAILY_CAP ? "" : quantityText(line.quantity, line.unit);
}
