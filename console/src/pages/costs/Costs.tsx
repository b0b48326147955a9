import { ActionIcon, Button, Group, SimpleGrid, Skeleton, Text } from "@mantine/core";
import { IconChevronLeft, IconChevronRight, IconFileText } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { dayLines, type Spend, spend } from "../../api/billing";
import { Figure } from "../../parts/Figure";
import { money } from "../../parts/money";
import { Page } from "../../parts/Page";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { DayChart, HourChart } from "./CostCharts";
import { CostLines } from "./CostLines";
import { ByCluster, ByLineType } from "./CostTables";
import { dayLabel, daysAfter, dayText, monthLabel, utcDay } from "./days";

const REPORT_FORMS = [
  { format: "html", label: "page" },
  { format: "pdf", label: "PDF" },
  { format: "csv", label: "CSV" },
] as const;

/** What an organization's clusters cost on a day and in its month, while it goes on. */
export function Costs() {
  const { day } = useSearch({ from: "/signed-in/costs" });
  const found = useQuery(spend(day));
  const chosen = day ?? found.data?.date ?? utcDay(new Date());
  const lines = useQuery(dayLines(chosen, daysAfter(chosen, 1)));
  return (
    <Page
      title="Costs"
      description="By UTC hours and days, at most two minutes behind. Amounts are exact; a cluster never costs more in a day than the cap of its plan."
      actions={<DayChoice day={chosen} />}
    >
      {found.isError && <ProblemAlert cause={found.error} />}
      {found.isPending && <Skeleton h={320} />}
      {found.data && (
        <>
          <Totals spend={found.data} />
          <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
            <HourChart spend={found.data} />
            <DayChart spend={found.data} />
            <ByCluster spend={found.data} />
            <ByLineType spend={found.data} />
          </SimpleGrid>
        </>
      )}
      {lines.isError && <ProblemAlert cause={lines.error} />}
      {lines.data && <CostLines page={lines.data} />}
    </Page>
  );
}

/** The day before, the day after, and the day's report. */
function DayChoice({ day }: { day: string }) {
  const navigate = useNavigate();
  const today = utcDay(new Date());
  const go = (count: number) => {
    const wanted = daysAfter(day, count);
    void navigate({ to: "/costs", search: wanted === today ? {} : { day: wanted } });
  };
  return (
    <Group gap="xs">
      <ActionIcon variant="default" size="lg" onClick={() => go(-1)} aria-label="The day before">
        <IconChevronLeft size={18} />
      </ActionIcon>
      <Text size="sm" fw={600} className="figures">
        {dayText(day)}
      </Text>
      <ActionIcon
        variant="default"
        size="lg"
        onClick={() => go(1)}
        disabled={day >= today}
        aria-label="The day after"
      >
        <IconChevronRight size={18} />
      </ActionIcon>
      <Button.Group aria-label="Daily report">
        {REPORT_FORMS.map(({ format, label }) => (
          <Button
            key={format}
            component="a"
            variant="default"
            px="sm"
            href={`/v1/billing/reports/daily?date=${day}&format=${format}`}
            target="_blank"
            rel="noreferrer"
            aria-label={`Daily report as ${label}`}
            {...(format === "html" ? { leftSection: <IconFileText size={16} aria-hidden /> } : {})}
          >
            {format === "html" ? "Report" : label}
          </Button>
        ))}
      </Button.Group>
    </Group>
  );
}

function Totals({ spend }: { spend: Spend }) {
  const through = spend.metered_through;
  const today = utcDay(new Date());
  const metered = through === null ? "no usage yet" : `usage up to ${through.slice(11, 16)} UTC`;
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="lg">
      <Figure
        label={dayLabel(spend.date, spend.is_over, today)}
        value={money(spend.day_amount, spend.currency)}
        note={spend.is_over ? "the whole UTC day" : metered}
      />
      <Figure
        label={monthLabel(spend.date, today)}
        value={money(spend.month_amount, spend.currency)}
        note={`price book version ${spend.price_book_version}`}
      />
    </SimpleGrid>
  );
}
