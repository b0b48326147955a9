import { Button, Group, NumberInput, Select, Stack, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { client, unwrap } from "../../api/client";
import { type QuotaUpdate, quotas } from "../../api/rights";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { Window } from "../../parts/Window";
import { quotaOf, type RateName, ratesOf, SUBJECTS, type Subject } from "./rates";

const NAME_LENGTH_MAX = 256;

interface Props {
  clusterId: string;
  opened: boolean;
  onClose: () => void;
}

/** Sets rates of a user, a client id or an address. */
export function SetQuota({ clusterId, opened, onClose }: Props) {
  return (
    <Window opened={opened} onClose={onClose} title="Set a client quota" size="lg">
      <QuotaForm clusterId={clusterId} onClose={onClose} />
    </Window>
  );
}

function QuotaForm({ clusterId, onClose }: Omit<Props, "opened">) {
  const queries = useQueryClient();
  const [subject, setSubject] = useState<Subject>("user");
  const [name, setName] = useState("");
  const [values, setValues] = useState<Partial<Record<RateName, number | string>>>({});
  const wanted = quotaOf(subject, name, values);
  const set = useMutation({
    mutationFn: (body: QuotaUpdate) =>
      unwrap(
        client.PATCH("/v1/clusters/{cluster_id}/quotas", {
          params: { path: { cluster_id: clusterId } },
          body,
        }),
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: quotas(clusterId).queryKey });
      notifications.show({ message: "The quota is in force." });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (wanted !== undefined) set.mutate(wanted);
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Select
          label="For"
          data={SUBJECTS}
          value={subject}
          onChange={(value) => setSubject(value ?? "user")}
          allowDeselect={false}
        />
        <TextInput
          label="Name"
          description="Of a user it is the id of its API key. Left empty: all that have no quota of their own."
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={NAME_LENGTH_MAX}
          autoComplete="off"
          spellCheck={false}
          data-autofocus
        />
        {ratesOf(subject).map((rate) => (
          <NumberInput
            key={rate.name}
            label={rate.label}
            value={values[rate.name] ?? ""}
            onChange={(value) => setValues({ ...values, [rate.name]: value })}
            min={0}
            thousandSeparator=" "
            hideControls
          />
        ))}
        {set.isError && <ProblemAlert cause={set.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={set.isPending} disabled={wanted === undefined}>
            Set quota
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
