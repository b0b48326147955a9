import { Badge, Button, Card, Group, Skeleton, Stack, Switch, Table, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconKey, IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRouteContext } from "@tanstack/react-router";
import { useState } from "react";
import { client, unwrap } from "../../api/client";
import { type ApiKey, apiKeys, clusters } from "../../api/queries";
import { Empty } from "../../parts/Empty";
import { Page } from "../../parts/Page";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { moment } from "../../parts/quantities";
import { Window } from "../../parts/Window";
import { CreateKey } from "./CreateKey";
import { RotateKey } from "./RotateKey";
import { keyState, previousUntil } from "./state";

/** An organization's keys: made, watched and revoked. */
export function ApiKeys() {
  const found = useQuery(apiKeys);
  const places = useQuery(clusters);
  const [isCreating, { open, close }] = useDisclosure();
  const [showsOver, setShowsOver] = useState(false);
  const [revoking, setRevoking] = useState<ApiKey>();
  const [rotating, setRotating] = useState<ApiKey>();
  const now = new Date();
  const live = found.data?.filter((key) => keyState(key, now) === "live") ?? [];
  const shown = (showsOver ? found.data : live)?.toReversed();
  const nameOf = new Map(places.data?.map((each) => [each.id, each.name]));
  const create = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={open}>
      Create API key
    </Button>
  );
  return (
    <Page
      title="API keys"
      description="Credentials of programs. The same key signs in to Kafka, to the HTTP API and to this console."
      actions={create}
    >
      {found.isError && <ProblemAlert cause={found.error} />}
      {found.isPending && <Skeleton h={160} />}
      {found.data && (
        <Switch
          label="Show revoked and expired keys"
          checked={showsOver}
          onChange={(event) => setShowsOver(event.currentTarget.checked)}
        />
      )}
      {shown?.length === 0 && (
        <Empty icon={IconKey} title="No keys in use">
          Programs sign in with a key. Make one for each, so that each can be revoked alone.
        </Empty>
      )}
      {shown !== undefined && shown.length > 0 && (
        <KeyTable
          keys={shown}
          nameOf={nameOf}
          now={now}
          onRotate={setRotating}
          onRevoke={setRevoking}
        />
      )}
      <CreateKey opened={isCreating} onClose={close} clusters={places.data ?? []} />
      <RotateKey rotating={rotating} onClose={() => setRotating(undefined)} />
      <RevokeKey revoking={revoking} onClose={() => setRevoking(undefined)} />
    </Page>
  );
}

function KeyTable({
  keys,
  nameOf,
  now,
  onRotate,
  onRevoke,
}: {
  keys: readonly ApiKey[];
  nameOf: ReadonlyMap<string, string>;
  now: Date;
  onRotate: (key: ApiKey) => void;
  onRevoke: (key: ApiKey) => void;
}) {
  return (
    <Card withBorder padding={0}>
      <Table verticalSpacing="sm" horizontalSpacing="md" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Key</Table.Th>
            <Table.Th visibleFrom="sm">Good for</Table.Th>
            <Table.Th visibleFrom="lg">Created</Table.Th>
            <Table.Th visibleFrom="md">Last used</Table.Th>
            <Table.Th visibleFrom="lg">Expires</Table.Th>
            <Table.Th ta="right">State</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {keys.map((key) => (
            <Table.Tr key={key.id}>
              <Table.Td style={{ overflowWrap: "anywhere" }}>
                <Text size="sm" fw={600}>
                  {key.name}
                </Text>
                <Text size="xs" c="dimmed" className="mono">
                  {key.id}
                </Text>
                {previousUntil(key, now) !== null && (
                  <Text size="xs" c="dimmed">
                    The secret before works until {moment(previousUntil(key, now) ?? "")}
                  </Text>
                )}
              </Table.Td>
              <Table.Td visibleFrom="sm" style={{ overflowWrap: "anywhere" }}>
                {key.cluster_id === null
                  ? `Organization, ${key.role}`
                  : `Cluster ${nameOf.get(key.cluster_id) ?? key.cluster_id}`}
              </Table.Td>
              <Table.Td visibleFrom="lg">{moment(key.created_at)}</Table.Td>
              <Table.Td visibleFrom="md">
                {key.last_used_at === null ? "never" : moment(key.last_used_at)}
              </Table.Td>
              <Table.Td visibleFrom="lg">
                {key.expires_at === null ? "never" : moment(key.expires_at)}
              </Table.Td>
              <Table.Td ta="right">
                {keyState(key, now) === "live" ? (
                  <Group gap="xs" justify="flex-end">
                    <Button
                      variant="default"
                      size="xs"
                      onClick={() => onRotate(key)}
                      aria-label={`Rotate ${key.name}`}
                    >
                      Rotate
                    </Button>
                    <Button
                      variant="default"
                      size="xs"
                      onClick={() => onRevoke(key)}
                      aria-label={`Revoke ${key.name}`}
                    >
                      Revoke
                    </Button>
                  </Group>
                ) : (
                  <Badge color="gray" variant="light" tt="none">
                    {keyState(key, now)}
                  </Badge>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}

function RevokeKey({ revoking, onClose }: { revoking: ApiKey | undefined; onClose: () => void }) {
  const { session } = useRouteContext({ from: "/signed-in" });
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: (key: ApiKey) =>
      unwrap(
        client.DELETE("/v1/api-keys/{api_key_id}", { params: { path: { api_key_id: key.id } } }),
      ),
    onSuccess: async (key) => {
      onClose();
      notifications.show({ message: `Key ${key.name} is revoked.` });
      await queries.invalidateQueries({ queryKey: apiKeys.queryKey });
    },
  });
  return (
    <Window opened={revoking !== undefined} onClose={onClose} title="Revoke this key?">
      <Stack>
        <Text size="sm">
          Programs that use <b>{revoking?.name}</b> are refused from that moment on, by Kafka and
          HTTP alike. A revoked key does not come back.
        </Text>
        {revoking?.id === session.principal_id && (
          <Text size="sm" fw={600}>
            You are signed in with this key: revoking it signs you out.
          </Text>
        )}
        {revoke.isError && <ProblemAlert cause={revoke.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Keep it
          </Button>
          <Button
            color="red.9"
            loading={revoke.isPending}
            onClick={() => revoking && revoke.mutate(revoking)}
          >
            Revoke key
          </Button>
        </Group>
      </Stack>
    </Window>
  );
}
