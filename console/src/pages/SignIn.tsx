import {
  Alert,
  Button,
  Center,
  Code,
  Divider,
  Group,
  Paper,
  PasswordInput,
  Stack,
  Text,
  Title,
} from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconClockX } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { ProblemAlert } from "../parts/ProblemAlert";
import { signIn } from "../session/session";
import { Mark } from "../shell/Mark";

/** Signs in with an API key; the link that `headrace up` prints signs in by itself. */
export function SignIn() {
  const { problem } = useSearch({ from: "/sign-in" });
  const [secret, setSecret] = useState("");
  const attempt = useMutation({ mutationFn: signIn });
  useDocumentTitle("Sign in · Headrace");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    attempt.mutate(secret.trim());
  };
  return (
    <Center component="main" mih="100vh" p="md">
      <Stack w="100%" maw={420} gap="lg">
        <Group gap={10} justify="center">
          <Mark />
          <Text fw={700} fz="xl">
            Headrace
          </Text>
        </Group>
        <Paper component="form" onSubmit={submit} withBorder p="xl" shadow="sm">
          <Stack>
            <Title order={1} size="h3">
              Sign in
            </Title>
            {problem !== undefined && !attempt.isError && (
              <Alert color="yellow" icon={<IconClockX aria-hidden />} title="That link is over">
                <Text size="sm">
                  A sign-in link works once and for a day. Sign in with an API key, or start the
                  service again for a fresh link.
                </Text>
                <Code mt={6}>{problem}</Code>
              </Alert>
            )}
            <PasswordInput
              label="API key"
              description="The secret, which starts with hrs_"
              value={secret}
              onChange={(event) => setSecret(event.currentTarget.value)}
              autoComplete="current-password"
              visibilityToggleButtonProps={{ "aria-label": "Show or hide the API key" }}
              required
              autoFocus
            />
            {attempt.isError && <ProblemAlert cause={attempt.error} />}
            <Button type="submit" loading={attempt.isPending} disabled={secret.trim() === ""}>
              Sign in
            </Button>
            <Divider />
            <Text size="sm" c="dimmed">
              On the machine that runs the service, the link that{" "}
              <span className="mono">headrace up</span> prints signs its owner in without a key.
            </Text>
          </Stack>
        </Paper>
      </Stack>
    </Center>
  );
}
