import { Badge, Group, Radio, Stack, Text } from "@mantine/core";
import type { PricePreview } from "../../api/billing";
import type { Plan } from "../../api/queries";
import { money } from "../../parts/money";
import { bytes, plural } from "../../parts/quantities";

/** Plans from the smallest to the largest, as they are looked at: those of one broker come first. */
export function bySize(plans: readonly Plan[]): Plan[] {
  return plans.toSorted(
    (one, other) =>
      one.brokers - other.brokers || one.limits.connections_max - other.limits.connections_max,
  );
}

/** The plans side by side: what each allows, and what the expected use costs in it. */
export function PlanChoice({
  plans,
  prices,
  value,
  onChange,
}: {
  plans: readonly Plan[];
  prices: ReadonlyMap<string, PricePreview>;
  value: string | undefined;
  onChange: (plan: string) => void;
}) {
  return (
    <Radio.Group value={value ?? null} onChange={onChange} aria-label="Plan">
      <Stack gap="sm">
        {plans.map((each) => (
          <PlanCard key={each.id} plan={each} price={prices.get(each.id)} />
        ))}
      </Stack>
    </Radio.Group>
  );
}

function PlanCard({ plan, price }: { plan: Plan; price: PricePreview | undefined }) {
  const { limits } = plan;
  const perDay = price && `${money(price.per_day, price.currency)} a day`;
  return (
    <Radio.Card
      value={plan.id}
      p="md"
      disabled={!plan.available}
      aria-label={[`Plan ${plan.id}`, perDay].filter(Boolean).join(", ")}
    >
      <Group wrap="nowrap" align="flex-start">
        <Radio.Indicator />
        <Stack gap={4} flex={1}>
          <Group justify="space-between" gap="xs">
            <Group gap="xs">
              <Text fw={650}>{plan.id}</Text>
              {!plan.available && <Badge color="gray">not installed here</Badge>}
              {price?.is_capped && (
                <Badge variant="outline" tt="none">
                  daily cap reached
                </Badge>
              )}
            </Group>
            <Text fw={600} className="figures">
              {perDay ?? "–"}
            </Text>
          </Group>
          <Text size="sm">{capital(plan.description)}.</Text>
          <Text size="sm" c="dimmed">
            {plural(plan.brokers, "broker")} · {plural(limits.partitions_max, "partition")} ·{" "}
            {plural(limits.connections_max, "connection")} · requests to{" "}
            {bytes(limits.request_bytes_max)}
          </Text>
        </Stack>
      </Group>
    </Radio.Card>
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
