import { Badge, Button, Card, Code, Skeleton, Stack, Table, Text } from "@mantine/core";
import { IconMailOff } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { client, unwrap } from "../../api/client";
import { type Delivery, deliveries } from "../../api/webhooks";
import { CodeBlock } from "../../parts/CodeBlock";
import { Empty } from "../../parts/Empty";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { moment } from "../../parts/quantities";
import { Window } from "../../parts/Window";

const COLORS = { pending: "blue", delivered: "teal", failed: "red" } as const;

/** What a webhook was told lately, and how that went. */
export function Deliveries({ id, enabled }: { id: string; enabled: boolean }) {
  const found = useQuery(deliveries(id));
  const [shown, setShown] = useState<Delivery>();
  if (found.isError) return <ProblemAlert cause={found.error} />;
  if (found.isPending) return <Skeleton h={200} />;
  if (found.data.length === 0) {
    return (
      <Empty icon={IconMailOff} title="Nothing told yet">
        What happens from now on is listed here, with every attempt. A test shows whether it works.
      </Empty>
    );
  }
  return (
    <Card withBorder padding={0} component="section" aria-label="Deliveries">
      <Table verticalSpacing="sm" horizontalSpacing="md" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Event</Table.Th>
            <Table.Th visibleFrom="sm">When</Table.Th>
            <Table.Th visibleFrom="md">Attempts</Table.Th>
            <Table.Th visibleFrom="md">Last answer</Table.Th>
            <Table.Th ta="right">State</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {found.data.map((one) => (
            <Table.Tr key={one.id}>
              <Table.Td style={{ overflowWrap: "anywhere" }}>
                <Button
                  variant="transparent"
                  size="compact-sm"
                  p={0}
                  onClick={() => setShown(one)}
                  aria-label={`Show ${one.event_type} ${one.id}`}
                >
                  {one.event_type}
                </Button>
              </Table.Td>
              <Table.Td visibleFrom="sm">{moment(one.created_at)}</Table.Td>
              <Table.Td visibleFrom="md">{one.attempts}</Table.Td>
              <Table.Td visibleFrom="md">
                {one.response_status ?? one.error_code ?? "none yet"}
              </Table.Td>
              <Table.Td ta="right">
                <Badge color={COLORS[one.status]} variant="dot" tt="none" fw={600}>
                  {one.status}
                </Badge>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <DeliveryWindow delivery={shown} canReplay={enabled} onClose={() => setShown(undefined)} />
    </Card>
  );
}

function DeliveryWindow({
  delivery,
  canReplay,
  onClose,
}: {
  delivery: Delivery | undefined;
  canReplay: boolean;
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const replay = useMutation({
    mutationFn: (one: Delivery) =>
      unwrap(
        client.POST("/v1/webhooks/{webhook_id}/deliveries/{delivery_id}:replay", {
          params: { path: { webhook_id: one.webhook_id, delivery_id: one.id } },
        }),
      ),
    onSuccess: async (one) => {
      onClose();
      await queries.invalidateQueries({ queryKey: deliveries(one.webhook_id).queryKey });
    },
  });
  return (
    <Window
      opened={delivery !== undefined}
      onClose={onClose}
      title={delivery?.event_type ?? "Delivery"}
      size="lg"
    >
      {delivery && (
        <Stack>
          <Text size="sm">
            {delivery.status}, {delivery.attempts} attempts
            {delivery.next_attempt_at !== null && `, next ${moment(delivery.next_attempt_at)}`}
            {delivery.error_code !== null && (
              <>
                {" · "}
                <Code>{delivery.error_code}</Code>
              </>
            )}
          </Text>
          <Text size="xs" c="dimmed" className="mono">
            webhook-id {delivery.event_id}
          </Text>
          <CodeBlock label="body" wrap>
            {delivery.body}
          </CodeBlock>
          {replay.isError && <ProblemAlert cause={replay.error} />}
          {delivery.status !== "pending" && (
            <Button
              disabled={!canReplay}
              loading={replay.isPending}
              onClick={() => replay.mutate(delivery)}
            >
              Send it again
            </Button>
          )}
        </Stack>
      )}
    </Window>
  );
}
