import { Alert, Button, Group, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { client, unwrap } from "../../api/client";
import { scramUsers } from "../../api/rights";
import { CodeBlock } from "../../parts/CodeBlock";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { Window } from "../../parts/Window";

const NAME_LENGTH_MAX = 255;
const PASSWORD_LENGTH_MAX = 256;

interface Made {
  name: string;
  password: string;
}

interface Props {
  clusterId: string;
  opened: boolean;
  onClose: () => void;
}

/** Makes a SCRAM user and shows the password that was made for it, once. */
export function CreateUser({ clusterId, opened, onClose }: Props) {
  const [made, setMade] = useState<Made>();
  const close = () => {
    onClose();
    setMade(undefined);
  };
  return (
    <Window
      opened={opened}
      onClose={close}
      title={made === undefined ? "Add a SCRAM user" : "Your new SCRAM user"}
      closeOnClickOutside={made === undefined}
      size="lg"
    >
      {made === undefined ? (
        <UserForm clusterId={clusterId} onClose={close} onMade={setMade} />
      ) : (
        <Password made={made} onDone={close} />
      )}
    </Window>
  );
}

function UserForm({
  clusterId,
  onClose,
  onMade,
}: Omit<Props, "opened"> & { onMade: (made: Made) => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const create = useMutation({
    mutationFn: () =>
      unwrap(
        client.POST("/v1/clusters/{cluster_id}/scram-users", {
          params: { path: { cluster_id: clusterId } },
          body: password === "" ? { name } : { name, password },
        }),
      ),
    onSuccess: async (user) => {
      await queries.invalidateQueries({ queryKey: scramUsers(clusterId).queryKey });
      if ("password" in user && typeof user.password === "string") {
        onMade({ name: user.name, password: user.password });
      } else {
        onClose();
      }
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
          label="User name"
          description="What the program gives as its Kafka user name."
          placeholder="importer"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={NAME_LENGTH_MAX}
          autoComplete="off"
          spellCheck={false}
          required
          data-autofocus
        />
        <PasswordInput
          label="Password"
          description="Left empty, one is made and shown once."
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          maxLength={PASSWORD_LENGTH_MAX}
          autoComplete="new-password"
        />
        {create.isError && <ProblemAlert cause={create.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={create.isPending} disabled={name === ""}>
            Add user
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Password({ made, onDone }: { made: Made; onDone: () => void }) {
  return (
    <Stack>
      <Alert
        color="yellow"
        icon={<IconAlertTriangle aria-hidden />}
        title="The password is shown this once"
      >
        Keep it where your program finds it. Nobody can show it again, only another one helps.
      </Alert>
      <Stack gap={4}>
        <Text size="sm" c="dimmed">
          Kafka user name
        </Text>
        <CodeBlock label="user name">{made.name}</CodeBlock>
      </Stack>
      <Stack gap={4}>
        <Text size="sm" c="dimmed">
          Kafka password
        </Text>
        <CodeBlock label="password" wrap>
          {made.password}
        </CodeBlock>
      </Stack>
      <Group justify="flex-end">
        <Button onClick={onDone}>I have kept it</Button>
      </Group>
    </Stack>
  );
}
