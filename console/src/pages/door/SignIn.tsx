import { Alert, Button, Code, Divider, Group, PasswordInput, Tabs, Text } from "@mantine/core";
import { IconClockX } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { LinkAnchor } from "../../parts/LinkAnchor";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { type Credentials, signIn } from "../../session/session";
import { signInOptions } from "../../session/users";
import { Door } from "./Door";
import { EmailField, PasswordField } from "./Fields";

const BY_PASSWORD = "password";
const BY_KEY = "key";

/** Signs in with an API key, or with a password where the installation can mail links. */
export function SignIn() {
  const { problem } = useSearch({ from: "/sign-in" });
  const options = useQuery(signInOptions);
  const [chosen, setChosen] = useState<string | null>(null);
  const [secret, setSecret] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const attempt = useMutation({ mutationFn: signIn });
  const hasPasswords = options.data?.mail === true;
  const way = hasPasswords ? (chosen ?? BY_PASSWORD) : BY_KEY;
  const credentials: Credentials =
    way === BY_KEY ? { api_key: secret.trim() } : { email: email.trim(), password };
  const isFilled = Object.values(credentials).every((each) => each !== "");
  return (
    <Door title="Sign in" onSubmit={() => attempt.mutate(credentials)}>
      {problem !== undefined && !attempt.isError && (
        <Alert color="yellow" icon={<IconClockX aria-hidden />} title="That link is over">
          <Text size="sm">
            A sign-in link works once and for a day. Sign in with an API key, or start the service
            again for a fresh link.
          </Text>
          <Code mt={6}>{problem}</Code>
        </Alert>
      )}
      {hasPasswords && (
        <Tabs
          value={way}
          onChange={(value) => {
            setChosen(value);
            attempt.reset();
          }}
        >
          <Tabs.List grow aria-label="How to sign in">
            <Tabs.Tab value={BY_PASSWORD}>Password</Tabs.Tab>
            <Tabs.Tab value={BY_KEY}>API key</Tabs.Tab>
          </Tabs.List>
        </Tabs>
      )}
      {way === BY_KEY ? (
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
      ) : (
        <>
          <EmailField value={email} onChange={setEmail} />
          <PasswordField value={password} onChange={setPassword} />
        </>
      )}
      {attempt.isError && <ProblemAlert cause={attempt.error} />}
      <Button type="submit" loading={attempt.isPending} disabled={!isFilled}>
        Sign in
      </Button>
      {way === BY_PASSWORD && (
        <Group justify="space-between">
          <LinkAnchor to="/forgot-password" size="sm">
            Forgot your password?
          </LinkAnchor>
          {options.data?.sign_up && (
            <LinkAnchor to="/sign-up" size="sm">
              Sign up
            </LinkAnchor>
          )}
        </Group>
      )}
      <Divider />
      <Text size="sm" c="dimmed">
        On the machine that runs the service, the link that{" "}
        <span className="mono">headrace up</span> prints signs its owner in without a key.
      </Text>
    </Door>
  );
}
