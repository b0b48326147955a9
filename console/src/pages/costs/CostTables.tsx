import { Badge, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Spend } from "../../api/billing";
import { clusters } from "../../api/queries";
import { FigureTable } from "../../parts/FigureTable";
import { LinkAnchor } from "../../parts/LinkAnchor";
import { byKind, lineTypeName } from "../../parts/lineTypes";
import { aligned, compare } from "../../parts/money";
import { Section } from "../../parts/Section";

/** What each cluster cost on the day and in the month, the costliest first. */
export function ByCluster({ spend }: { spend: Spend }) {
  const living = useQuery(clusters);
  const found = spend.clusters.toSorted((one, other) =>
    compare(other.month_amount, one.month_amount),
  );
  const ofDay = aligned(found.map((each) => each.day_amount));
  const ofMonth = aligned(found.map((each) => each.month_amount));
  const isLiving = (id: string) => living.data?.some((each) => each.id === id) ?? false;
  return (
    <Section title="By cluster">
      {found.length === 0 ? (
        <Text size="sm" c="dimmed">
          No cluster has cost anything this month.
        </Text>
      ) : (
        <FigureTable
          label="Costs by cluster"
          columns={[
            { label: "Cluster" },
            { label: "Plan", from: "sm" },
            { label: `Day, ${spend.currency}`, isFigure: true },
            { label: `Month, ${spend.currency}`, isFigure: true },
          ]}
          rows={found.map((each, index) => ({
            key: each.resource.id,
            cells: [
              <Group key="name" gap="xs">
                {isLiving(each.resource.id) ? (
                  <LinkAnchor
                    to="/clusters/$clusterId/usage"
                    params={{ clusterId: each.resource.id }}
                    fw={600}
                    inherit
                  >
                    {each.resource.display_name}
                  </LinkAnchor>
                ) : (
                  <>
                    {each.resource.display_name}
                    {living.data && (
                      <Badge variant="outline" color="gray" tt="none">
                        deleted
                      </Badge>
                    )}
                  </>
                )}
                {each.is_capped && (
                  <Badge variant="outline" tt="none">
                    cap reached
                  </Badge>
                )}
              </Group>,
              each.plan,
              ofDay[index],
              ofMonth[index],
            ],
          }))}
        />
      )}
    </Section>
  );
}

/** What each kind of line cost. */
export function ByLineType({ spend }: { spend: Spend }) {
  const found = byKind(spend.line_types);
  const ofDay = aligned(found.map((each) => each.day_amount));
  const ofMonth = aligned(found.map((each) => each.month_amount));
  return (
    <Section title="By kind">
      {found.length === 0 ? (
        <Text size="sm" c="dimmed">
          Nothing was used this month.
        </Text>
      ) : (
        <FigureTable
          label="Costs by kind"
          columns={[
            { label: "Kind" },
            { label: `Day, ${spend.currency}`, isFigure: true },
            { label: `Month, ${spend.currency}`, isFigure: true },
          ]}
          rows={found.map((each, index) => ({
            key: each.line_type,
            cells: [lineTypeName(each.line_type), ofDay[index], ofMonth[index]],
          }))}
        />
      )}
    </Section>
  );
}
