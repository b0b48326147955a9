import { Button, Group, Select, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { client, unwrap } from "../../api/client";
import { type ApiKey, apiKeys } from "../../api/queries";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { Window } from "../../parts/Window";
import { OVERLAPS, type Overlap } from "./choices";
import { type CreatedKey, Secret } from "./Secret";

interface Properties {
  rotating: ApiKey | undefined;
  onClose: () => void;
}

/** Gives a key another secret and shows it, once; the one before works for a while. */
export function RotateKey({ rotating, onClose }: Properties) {
  const [made, setMade] = useState<CreatedKey>();
  const close = () => {
    onClose();
    setMade(undefined);
  };
  return (
    <Window
      opened={rotating !== undefined}
      onClose={close}
      title={made === undefined ? "Give this key another secret?" : "The new secret"}
      closeOnClickOutside={made === undefined}
      size="lg"
    >
      {made !== undefined && <Secret made={made} onDone={close} />}
      {made === undefined && rotating !== undefined && (
        <RotateForm key={rotating.id} rotating={rotating} onCancel={close} onRotated={setMade} />
      )}
    </Window>
  );
}

function RotateForm({
  rotating,
  onCancel,
  onRotated,
}: {
  rotating: ApiKey;
  onCancel: () => void;
  onRotated: (made: CreatedKey) => void;
}) {
  const queries = useQueryClient();
  const [overlap, setOverlap] = useState<Overlap>("86400");
  const rotate = useMutation({
    mutationFn: () =>
      unwrap(
        client.POST("/v1/api-keys/{api_key_id}:rotate", {
          params: { path: { api_key_id: rotating.id } },
          body: { overlap_seconds: Number(overlap) },
        }),
      ),
    onSuccess: async (key) => {
      await queries.invalidateQueries({ queryKey: apiKeys.queryKey });
      // Only a dry run answers without one, and this is none.
      if (key.secret !== null) onRotated({ id: key.id, secret: key.secret });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    rotate.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">
          <b>{rotating.name}</b> stays what it is, with its rights and its id. Move your programs to
          the new secret one by one: until the old one ends both work.
        </Text>
        <Select
          label="The old secret works"
          description="Then what is connected by it is cut off, and sign-ins of before end."
          data={OVERLAPS}
          value={overlap}
          onChange={(value) => setOverlap(value ?? "86400")}
          allowDeselect={false}
        />
        {rotate.isError && <ProblemAlert cause={rotate.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
          <Button type="submit" loading={rotate.isPending}>
            Rotate key
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
