import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { CodeBlock } from "../../parts/CodeBlock";

export interface CreatedKey {
  id: string;
  secret: string;
}

/** A secret that was just made. */
export function Secret({ made, onDone }: { made: CreatedKey; onDone: () => void }) {
  return (
    <Stack>
      <Alert
        color="yellow"
        icon={<IconAlertTriangle aria-hidden />}
        title="The secret is shown this once"
      >
        Keep it where your program finds it. Nobody can show it again, only another one helps.
      </Alert>
      <Stack gap={4}>
        <Text size="sm" c="dimmed">
          Id: the Kafka user name
        </Text>
        <CodeBlock label="key id">{made.id}</CodeBlock>
      </Stack>
      <Stack gap={4}>
        <Text size="sm" c="dimmed">
          Secret: the Kafka password, and the bearer token for HTTP
        </Text>
        <CodeBlock label="key secret" wrap>
          {made.secret}
        </CodeBlock>
      </Stack>
      <Group justify="flex-end">
        <Button onClick={onDone}>I have kept it</Button>
      </Group>
    </Stack>
  );
}
