import { Stack } from "@mantine/core";
import type { Spend } from "../../api/billing";
import { BarChart } from "../../parts/charts/BarChart";
import { ChartFigures } from "../../parts/FigureTable";
import { aligned } from "../../parts/money";
import { Section } from "../../parts/Section";
import { costBars } from "./bars";
import { dayText, hourText, monthText } from "./days";

/** A day hour by hour. */
export function HourChart({ spend }: { spend: Spend }) {
  const hours = spend.hours.map((hour) => ({
    label: hour.started_at.slice(11, 13),
    name: `${hourText(hour.started_at)} UTC`,
    amount: hour.amount,
  }));
  return <CostChart title="By the hour" first="Hour" figures={hours} currency={spend.currency} />;
}

/** A month day by day. */
export function DayChart({ spend }: { spend: Spend }) {
  const days = spend.days.map((day) => ({
    label: String(Number(day.date.slice(8))),
    name: dayText(day.date),
    amount: day.amount,
  }));
  return (
    <CostChart
      title={`${monthText(spend.date)} by the day`}
      first="Day"
      figures={days}
      currency={spend.currency}
    />
  );
}

function CostChart({
  title,
  first,
  figures,
  currency,
}: {
  title: string;
  first: string;
  figures: readonly { label: string; name: string; amount: string }[];
  currency: string;
}) {
  const amounts = aligned(figures.map((each) => each.amount));
  return (
    <Section title={title}>
      <Stack gap="xs">
        <BarChart label={`Costs, ${title}`} unit={currency} bars={costBars(figures, currency)} />
        <ChartFigures
          label={`Costs, ${title}`}
          columns={[{ label: first }, { label: currency, isFigure: true }]}
          rows={figures.map(({ name }, index) => ({ key: name, cells: [name, amounts[index]] }))}
        />
      </Stack>
    </Section>
  );
}
