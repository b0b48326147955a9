import { Badge, Button, Card, Skeleton, Table, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlus, IconWebhook } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type Webhook, webhooks } from "../../api/webhooks";
import { Empty } from "../../parts/Empty";
import { LinkAnchor } from "../../parts/LinkAnchor";
import { Page } from "../../parts/Page";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { CreateWebhook } from "./CreateWebhook";
import { stateOf } from "./state";

/** An organization's webhooks. */
export function Webhooks() {
  const found = useQuery(webhooks);
  const [isCreating, { open, close }] = useDisclosure();
  return (
    <Page
      title="Webhooks"
      description="URLs of yours that are told what happens: clusters, operations, keys and members. Messages are signed as Standard Webhooks has it."
      actions={
        <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={open}>
          Create webhook
        </Button>
      }
    >
      {found.isError && <ProblemAlert cause={found.error} />}
      {found.isPending && <Skeleton h={160} />}
      {found.data?.length === 0 && (
        <Empty icon={IconWebhook} title="No webhooks yet">
          Name a URL, and it is told when a cluster is paused, an operation fails or a key is
          revoked.
        </Empty>
      )}
      {found.data !== undefined && found.data.length > 0 && <WebhookTable webhooks={found.data} />}
      <CreateWebhook opened={isCreating} onClose={close} />
    </Page>
  );
}

function WebhookTable({ webhooks: rows }: { webhooks: readonly Webhook[] }) {
  return (
    <Card withBorder padding={0}>
      <Table verticalSpacing="sm" horizontalSpacing="md" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>URL</Table.Th>
            <Table.Th visibleFrom="sm">Told of</Table.Th>
            <Table.Th ta="right">State</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.id}>
              <Table.Td style={{ overflowWrap: "anywhere" }}>
                <LinkAnchor
                  to="/webhooks/$webhookId"
                  params={{ webhookId: row.id }}
                  size="sm"
                  fw={600}
                >
                  {row.url}
                </LinkAnchor>
                <Text size="xs" c="dimmed">
                  {row.description || row.id}
                </Text>
              </Table.Td>
              <Table.Td visibleFrom="sm" style={{ overflowWrap: "anywhere" }}>
                {row.event_types?.join(", ") ?? "every event"}
              </Table.Td>
              <Table.Td ta="right">
                <WebhookBadge webhook={row} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}

/** Whether a webhook is called, and how that goes. */
export function WebhookBadge({ webhook }: { webhook: Webhook }) {
  const { label, color } = stateOf(webhook);
  return (
    <Badge color={color} variant="dot" tt="none" fw={600}>
      {label}
    </Badge>
  );
}
