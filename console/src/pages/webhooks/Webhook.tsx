import { Alert, Button, Group, Skeleton, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconPlayerPause, IconPlayerPlay, IconSend } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { client, unwrap } from "../../api/client";
import { deliveries, webhook as webhookQuery, webhooks } from "../../api/webhooks";
import { ConfirmByName } from "../../parts/ConfirmByName";
import { Page } from "../../parts/Page";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { moment } from "../../parts/quantities";
import { Section } from "../../parts/Section";
import { Window } from "../../parts/Window";
import { WebhookSecret } from "./CreateWebhook";
import { Deliveries } from "./Deliveries";
import { reasonOf } from "./state";
import { WebhookBadge } from "./Webhooks";

/** One webhook: how it is, what it was told, and what can be done with it. */
export function Webhook() {
  const { webhookId } = useParams({ from: "/signed-in/webhooks/$webhookId" });
  const found = useQuery(webhookQuery(webhookId));
  const webhook = found.data;
  return (
    <Page
      title={webhook?.url ?? "Webhook"}
      crumbs={[{ label: "Webhooks", to: "/webhooks" }]}
      badge={webhook && <WebhookBadge webhook={webhook} />}
      description={webhook?.event_types?.join(", ") ?? "Told of every event."}
      actions={webhook && <Actions id={webhookId} enabled={webhook.enabled} />}
    >
      {found.isError && <ProblemAlert cause={found.error} />}
      {found.isPending && <Skeleton h={160} />}
      {webhook && !webhook.enabled && (
        <Alert color="yellow" title="This webhook is not called">
          {reasonOf(webhook.disabled_reason)} What happens meanwhile is not told.
        </Alert>
      )}
      {webhook?.enabled && webhook.failing_since !== null && (
        <Alert color="yellow" title="This webhook fails">
          Since {moment(webhook.failing_since)}. After three days of that it is disabled.
        </Alert>
      )}
      {webhook && <Deliveries id={webhookId} enabled={webhook.enabled} />}
      {webhook && <Danger id={webhookId} />}
    </Page>
  );
}

function useRefresh(id: string) {
  const queries = useQueryClient();
  return async () => {
    await Promise.all([
      queries.invalidateQueries({ queryKey: webhookQuery(id).queryKey }),
      queries.invalidateQueries({ queryKey: deliveries(id).queryKey }),
      queries.invalidateQueries({ queryKey: webhooks.queryKey }),
    ]);
  };
}

function Actions({ id, enabled }: { id: string; enabled: boolean }) {
  const refresh = useRefresh(id);
  const path = { webhook_id: id };
  const test = useMutation({
    mutationFn: () => unwrap(client.POST("/v1/webhooks/{webhook_id}:test", { params: { path } })),
    onSuccess: async (sent) => {
      const isTaken = sent.status === "delivered";
      notifications.show({
        color: isTaken ? "teal" : "red",
        message: isTaken ? "The test was taken." : `The test failed: ${sent.error_code}.`,
      });
      await refresh();
    },
  });
  const change = useMutation({
    mutationFn: () =>
      unwrap(
        client.PATCH("/v1/webhooks/{webhook_id}", {
          params: { path },
          body: { enabled: !enabled },
        }),
      ),
    onSuccess: refresh,
  });
  const failure = test.error ?? change.error;
  return (
    <Stack gap="xs">
      <Group gap="xs">
        <Button
          variant="default"
          leftSection={<IconSend size={16} aria-hidden />}
          loading={test.isPending}
          onClick={() => test.mutate()}
        >
          Send a test
        </Button>
        <Button
          variant="default"
          leftSection={
            enabled ? (
              <IconPlayerPause size={16} aria-hidden />
            ) : (
              <IconPlayerPlay size={16} aria-hidden />
            )
          }
          loading={change.isPending}
          onClick={() => change.mutate()}
        >
          {enabled ? "Disable" : "Enable"}
        </Button>
      </Group>
      {failure !== null && <ProblemAlert cause={failure} />}
    </Stack>
  );
}

function Danger({ id }: { id: string }) {
  const refresh = useRefresh(id);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [secret, setSecret] = useState<string>();
  const [isDeleting, { open, close }] = useDisclosure();
  const path = { webhook_id: id };
  const rotate = useMutation({
    mutationFn: () =>
      unwrap(client.POST("/v1/webhooks/{webhook_id}:rotate-secret", { params: { path } })),
    onSuccess: async (rotated) => {
      setSecret(rotated.secret);
      await refresh();
    },
  });
  const remove = useMutation({
    mutationFn: () => unwrap(client.DELETE("/v1/webhooks/{webhook_id}", { params: { path } })),
    onSuccess: async () => {
      await navigate({ to: "/webhooks" });
      await queries.invalidateQueries({ queryKey: webhooks.queryKey });
    },
  });
  return (
    <Section title="Secret and end">
      <Text size="sm">
        A new secret is shown once; for 24 hours messages are signed with the old one too.
      </Text>
      {rotate.isError && <ProblemAlert cause={rotate.error} />}
      <Group>
        <Button variant="default" loading={rotate.isPending} onClick={() => rotate.mutate()}>
          Make a new secret
        </Button>
        <Button variant="default" onClick={open}>
          Delete webhook
        </Button>
      </Group>
      <Window
        opened={secret !== undefined}
        onClose={() => setSecret(undefined)}
        title="Your new secret"
        closeOnClickOutside={false}
        size="lg"
      >
        <WebhookSecret secret={secret ?? ""} onDone={() => setSecret(undefined)} />
      </Window>
      <ConfirmByName
        title="Delete this webhook?"
        name={id}
        action="Delete webhook"
        opened={isDeleting}
        onClose={close}
        onConfirm={() => remove.mutate()}
        isPending={remove.isPending}
        cause={remove.error}
      >
        What it was told is forgotten, and what waits for it is not sent.
      </ConfirmByName>
    </Section>
  );
}
