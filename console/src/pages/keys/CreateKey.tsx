import { Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouteContext } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { client, unwrap } from "../../api/client";
import { apiKeys } from "../../api/queries";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { Window } from "../../parts/Window";
import { EXPIRIES, type Expiry, expiryAt, roleChoices } from "./choices";
import { type CreatedKey, Secret } from "./Secret";

interface Place {
  id: string;
  name: string;
}

const ORGANIZATION = "organization";
const NAME_LENGTH_MAX = 100;

interface Properties {
  opened: boolean;
  onClose: () => void;
  onCreated?: (key: CreatedKey) => void;
  /** The cluster that the key is for, where the page knows. */
  cluster?: Place;
  /** What to choose from, where it does not. */
  clusters?: readonly Place[];
}

/** Makes a key and shows its secret, once. */
export function CreateKey({ opened, onClose, ...rest }: Properties) {
  const [made, setMade] = useState<CreatedKey>();
  const close = () => {
    onClose();
    setMade(undefined);
  };
  return (
    <Window
      opened={opened}
      onClose={close}
      title={made === undefined ? "Create an API key" : "Your new API key"}
      closeOnClickOutside={made === undefined}
      size="lg"
    >
      {made === undefined ? (
        <KeyForm
          {...rest}
          onCancel={close}
          onCreated={(key) => {
            setMade(key);
            rest.onCreated?.(key);
          }}
        />
      ) : (
        <Secret made={made} onDone={close} />
      )}
    </Window>
  );
}

function KeyForm({
  cluster,
  clusters = [],
  onCancel,
  onCreated,
}: Omit<Properties, "opened" | "onClose" | "onCreated"> & {
  onCancel: () => void;
  onCreated: (key: CreatedKey) => void;
}) {
  const { session } = useRouteContext({ from: "/signed-in" });
  const queries = useQueryClient();
  const roles = roleChoices(session.role);
  const [name, setName] = useState(cluster === undefined ? "" : `${cluster.name} program`);
  const [place, setPlace] = useState(cluster?.id ?? clusters[0]?.id ?? ORGANIZATION);
  const [role, setRole] = useState<(typeof roles)[number]["value"]>("developer");
  const [expiry, setExpiry] = useState<Expiry>("never");
  const create = useMutation({
    mutationFn: () =>
      unwrap(
        client.POST("/v1/api-keys", {
          body: {
            name: name.trim(),
            role: place === ORGANIZATION ? role : "developer",
            cluster_id: place === ORGANIZATION ? null : place,
            expires_at: expiryAt(expiry, new Date()),
          },
        }),
      ),
    onSuccess: async (key) => {
      await queries.invalidateQueries({ queryKey: apiKeys.queryKey });
      // Only the answer to a secret of the caller's own has none, and none is sent here.
      if (key.secret !== null) onCreated({ id: key.id, secret: key.secret });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  const places = [
    ...clusters.map((each) => ({ value: each.id, label: `Cluster ${each.name}` })),
    { value: ORGANIZATION, label: "Whole organization" },
  ];
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label="Name"
          description="What will use it, so that you know what you revoke."
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={NAME_LENGTH_MAX}
          autoComplete="off"
          required
          data-autofocus
        />
        {cluster === undefined ? (
          <Select
            label="Good for"
            data={places}
            value={place}
            onChange={(value) => setPlace(value ?? ORGANIZATION)}
            allowDeselect={false}
          />
        ) : (
          <Text size="sm">
            Good for the cluster <b>{cluster.name}</b>: its topics and records, by Kafka and HTTP.
          </Text>
        )}
        {place === ORGANIZATION && (
          <Select
            label="Role"
            data={roles}
            value={role}
            onChange={(value) => setRole(value ?? "developer")}
            allowDeselect={false}
          />
        )}
        <Select
          label="Expires"
          data={EXPIRIES}
          value={expiry}
          onChange={(value) => setExpiry(value ?? "never")}
          allowDeselect={false}
        />
        {create.isError && <ProblemAlert cause={create.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
          <Button type="submit" loading={create.isPending} disabled={name.trim() === ""}>
            Create key
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
