import { Alert, Code, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { toProblem } from "../api/problem";

/** An error as the API tells it: what was wrong, its code, and what to do. */
export function ProblemAlert({ cause }: { cause: unknown }) {
  const { body, message } = toProblem(cause);
  return (
    <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title={body.title} role="alert">
      <Stack gap={4}>
        {message !== body.title && <Text size="sm">{message}</Text>}
        {body.advice && <Text size="sm">What to do: {body.advice}.</Text>}
        <Text size="xs" c="dimmed">
          <Code>{body.code}</Code>
          {body.request_id && ` · request ${body.request_id}`}
        </Text>
      </Stack>
    </Alert>
  );
}
