import {
  ActionIcon,
  Badge,
  Button,
  Group,
  Menu,
  SimpleGrid,
  Skeleton,
  Stack,
  Text,
} from "@mantine/core";
import { IconChevronLeft, IconChevronRight, IconFileText } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { dayLines, type Spend, spend } from "../../api/billing";
import { clusters } from "../../api/queries";
import { BarChart } from "../../parts/charts/BarChart";
import { Figure } from "../../parts/Figure";
import { ChartFigures, FigureTable } from "../../parts/FigureTable";
import { LinkAnchor } from "../../parts/LinkAnchor";
import { lineTypeName } from "../../parts/lineTypes";
import { money } from "../../parts/money";
import { Page } from "../../parts/Page";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { Section } from "../../parts/Section";
import { costBars } from "./bars";
import { CostLines } from "./CostLines";
import { daysAfter, dayText, hourText, monthText, utcDay } from "./days";

const REPORT_FORMS = [
  { format: "html", label: "Page" },
  { format: "pdf", label: "PDF" },
  { format: "csv", label: "CSV" },
] as const;

/** What an organization's clusters cost on a day and in its month, while it goes on. */
export function Costs() {
  const { day } = useSearch({ from: "/signed-in/costs" });
  const found = useQuery(spend(day));
  const shown = found.data?.date ?? day ?? utcDay(new Date());
  const lines = useQuery(dayLines(shown, daysAfter(shown, 1)));
  return (
    <Page
      title="Costs"
      description="By UTC hours and days, at most two minutes behind. Amounts are exact; a cluster never costs more in a day than the cap of its plan."
      actions={<DayChoice day={shown} isToday={found.data?.is_over === false} />}
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
function DayChoice({ day, isToday }: { day: string; isToday: boolean }) {
  const navigate = useNavigate();
  const go = (count: number) => {
    const wanted = daysAfter(day, count);
    const today = utcDay(new Date());
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
        disabled={isToday}
        aria-label="The day after"
      >
        <IconChevronRight size={18} />
      </ActionIcon>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <Button variant="default" leftSection={<IconFileText size={16} aria-hidden />}>
            Daily report
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {REPORT_FORMS.map(({ format, label }) => (
            <Menu.Item
              key={format}
              component="a"
              href={`/v1/billing/reports/daily?date=${day}&format=${format}`}
              target="_blank"
              rel="noreferrer"
            >
              {label}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}

function Totals({ spend }: { spend: Spend }) {
  const through = spend.metered_through;
  const metered = through === null ? "no usage yet" : `usage up to ${through.slice(11, 16)} UTC`;
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="lg">
      <Figure
        label={spend.is_over ? dayText(spend.date) : "Today so far"}
        value={money(spend.day_amount, spend.currency)}
        note={spend.is_over ? "the whole UTC day" : metered}
      />
      <Figure
        label={spend.is_over ? `${monthText(spend.date)} to that day` : "This month so far"}
        value={money(spend.month_amount, spend.currency)}
        note={`price book version ${spend.price_book_version}`}
      />
    </SimpleGrid>
  );
}

function HourChart({ spend }: { spend: Spend }) {
  const hours = spend.hours.map((hour) => ({
    label: hour.started_at.slice(11, 13),
    name: `${hourText(hour.started_at)} UTC`,
    amount: hour.amount,
  }));
  return <CostChart title="By the hour" first="Hour" figures={hours} currency={spend.currency} />;
}

function DayChart({ spend }: { spend: Spend }) {
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
  return (
    <Section title={title}>
      <Stack gap="xs">
        <BarChart label={`Costs, ${title}`} unit={currency} bars={costBars(figures, currency)} />
        <ChartFigures
          label={`Costs, ${title}`}
          columns={[{ label: first }, { label: "Amount", isFigure: true }]}
          rows={figures.map(({ name, amount }) => ({
            key: name,
            cells: [name, money(amount, currency)],
          }))}
        />
      </Stack>
    </Section>
  );
}

function ByCluster({ spend }: { spend: Spend }) {
  const living = useQuery(clusters);
  const isLiving = (id: string) => living.data?.some((each) => each.id === id) ?? false;
  return (
    <Section title="By cluster">
      {spend.clusters.length === 0 ? (
        <Text size="sm" c="dimmed">
          No cluster has cost anything this month.
        </Text>
      ) : (
        <FigureTable
          label="Costs by cluster"
          columns={[
            { label: "Cluster" },
            { label: "Plan", from: "sm" },
            { label: "Day", isFigure: true },
            { label: "Month", isFigure: true },
          ]}
          rows={spend.clusters.map((each) => ({
            key: each.resource.id,
            cells: [
              <Group key="name" gap="xs">
                {isLiving(each.resource.id) ? (
                  <LinkAnchor
                    to="/clusters/$clusterId/usage"
                    params={{ clusterId: each.resource.id }}
                    fw={600}
                  >
                    {each.resource.display_name}
                  </LinkAnchor>
                ) : (
                  <>
                    {each.resource.display_name}
                    {living.data && <Badge color="gray">deleted</Badge>}
                  </>
                )}
                {each.is_capped && (
                  <Badge variant="outline" tt="none">
                    cap reached
                  </Badge>
                )}
              </Group>,
              each.plan,
              money(each.day_amount, spend.currency),
              money(each.month_amount, spend.currency),
            ],
          }))}
        />
      )}
    </Section>
  );
}

function ByLineType({ spend }: { spend: Spend }) {
  return (
    <Section title="By kind">
      {spend.line_types.length === 0 ? (
        <Text size="sm" c="dimmed">
          Nothing was used this month.
        </Text>
      ) : (
        <FigureTable
          label="Costs by kind"
          columns={[
            { label: "Kind" },
            { label: "Day", isFigure: true },
            { label: "Month", isFigure: true },
          ]}
          rows={spend.line_types.map((each) => ({
            key: each.line_type,
            cells: [
              lineTypeName(each.line_type),
              money(each.day_amount, spend.currency),
              money(each.month_amount, spend.currency),
            ],
          }))}
        />
      )}
    </Section>
  );
}
