import { Alert, Button, Group, MultiSelect, Stack, Text, TextInput } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { client, unwrap } from "../../api/client";
import { webhooks } from "../../api/webhooks";
import { CodeBlock } from "../../parts/CodeBlock";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { Window } from "../../parts/Window";
import { EVENT_TYPES } from "./eventTypes";

const URL_LENGTH_MAX = 2048;

/** Makes a webhook and shows its secret, once. */
export function CreateWebhook({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const [secret, setSecret] = useState<string>();
  const close = () => {
    onClose();
    setSecret(undefined);
  };
  return (
    <Window
      opened={opened}
      onClose={close}
      title={secret === undefined ? "Create a webhook" : "Your new webhook"}
      closeOnClickOutside={secret === undefined}
      size="lg"
    >
      {secret === undefined ? (
        <WebhookForm onCancel={close} onCreated={setSecret} />
      ) : (
        <WebhookSecret secret={secret} onDone={close} />
      )}
    </Window>
  );
}

function WebhookForm({
  onCancel,
  onCreated,
}: {
  onCancel: () => void;
  onCreated: (secret: string) => void;
}) {
  const queries = useQueryClient();
  const [url, setUrl] = useState("");
  const [types, setTypes] = useState<string[]>([]);
  const create = useMutation({
    mutationFn: () =>
      unwrap(
        client.POST("/v1/webhooks", {
          body: {
            url: url.trim(),
            description: "",
            event_types: types.length === 0 ? null : types,
          },
        }),
      ),
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: webhooks.queryKey });
      onCreated(made.secret);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label="URL"
          description="Where events are sent by POST"
          placeholder="https://example.com/headrace"
          value={url}
          onChange={(event) => setUrl(event.currentTarget.value)}
          maxLength={URL_LENGTH_MAX}
          autoComplete="off"
          required
          data-autofocus
        />
        <MultiSelect
          label="Told of"
          description="Every event unless you choose"
          data={EVENT_TYPES}
          value={types}
          onChange={setTypes}
          searchable
        />
        {create.isError && <ProblemAlert cause={create.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
          <Button type="submit" loading={create.isPending} disabled={url.trim() === ""}>
            Create
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** A secret that is shown this once. */
export function WebhookSecret({ secret, onDone }: { secret: string; onDone: () => void }) {
  return (
    <Stack>
      <Alert
        color="yellow"
        icon={<IconAlertTriangle aria-hidden />}
        title="The secret is shown this once"
      >
        Your server verifies with it that messages come from here.
      </Alert>
      <Stack gap={4}>
        <Text size="sm" c="dimmed">
          Verifies the header webhook-signature
        </Text>
        <CodeBlock label="webhook secret" wrap>
          {secret}
        </CodeBlock>
      </Stack>
      <Group justify="flex-end">
        <Button onClick={onDone}>I have kept it</Button>
      </Group>
    </Stack>
  );
}
