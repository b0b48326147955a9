import {
  Button,
  Group,
  Input,
  NumberInput,
  SegmentedControl,
  Select,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import {
  type GroupLag,
  group as groupQuery,
  type OffsetReset,
  type OffsetResetAnswer,
  resetOffsets,
} from "../../api/groups";
import { FigureTable } from "../../parts/FigureTable";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { plural, whole } from "../../parts/quantities";
import { Window } from "../../parts/Window";
import { localText } from "../messages/place";
import { type Draft, type Kind, resetOf } from "./target";

const KINDS: { value: Kind; label: string }[] = [
  { value: "earliest", label: "Start" },
  { value: "latest", label: "End" },
  { value: "time", label: "Time" },
  { value: "shift", label: "Shift" },
  { value: "offset", label: "Offset" },
];
const TYPING_MS = 400;
const CHANGES_SHOWN = 20;

interface Props {
  clusterId: string;
  lag: GroupLag;
  opened: boolean;
  onClose: () => void;
}

/** Has a group read from elsewhere: shows first what that changes, and afterwards the way back. */
export function ResetOffsets({ opened, onClose, ...rest }: Props) {
  return (
    <Window opened={opened} onClose={onClose} title="Move offsets" size="lg">
      <ResetForm {...rest} onClose={onClose} />
    </Window>
  );
}

function ResetForm({ clusterId, lag, onClose }: Omit<Props, "opened">) {
  const queries = useQueryClient();
  const [draft, setDraft] = useState<Draft>(() => ({
    kind: "earliest",
    time: localText(new Date()),
    number: "",
    topic: null,
  }));
  const wanted = resetOf(draft);
  const [settled] = useDebouncedValue(wanted, TYPING_MS);
  const isSettled = JSON.stringify(settled) === JSON.stringify(wanted);
  const preview = useQuery({
    queryKey: ["group-reset", clusterId, lag.group_id, settled],
    enabled: settled !== undefined,
    queryFn: () => (settled ? resetOffsets(clusterId, lag.group_id, settled, true) : undefined),
    retry: false,
    gcTime: 0,
  });
  const change = useMutation({
    mutationFn: (body: OffsetReset) => resetOffsets(clusterId, lag.group_id, body, false),
    onSuccess: () =>
      queries.invalidateQueries({ queryKey: groupQuery(clusterId, lag.group_id).queryKey }),
  });
  if (change.data !== undefined) {
    return (
      <Done
        answer={change.data}
        isPending={change.isPending}
        onUndo={(undo) =>
          change.mutate(undo, {
            onSuccess: () => {
              notifications.show({ message: "The offsets are what they were before." });
              onClose();
            },
          })
        }
        onClose={onClose}
      />
    );
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (wanted !== undefined && isSettled && preview.isSuccess) change.mutate(wanted);
  };
  const topics = [...new Set(lag.items.map((each) => each.topic))];
  return (
    <form onSubmit={submit}>
      <Stack>
        <Input.Wrapper label="Read on from" labelElement="div">
          <div>
            <SegmentedControl
              data={KINDS}
              value={draft.kind}
              onChange={(kind) => setDraft({ ...draft, kind, number: "" })}
              aria-label="Where to read on from"
            />
          </div>
        </Input.Wrapper>
        <TargetField draft={draft} onChange={setDraft} />
        <Select
          label="Topic"
          description="Which of the group's offsets are moved."
          data={topics}
          value={draft.topic}
          onChange={(topic) => setDraft({ ...draft, topic })}
          placeholder="All that the group has offsets in"
          clearable
          searchable
        />
        {isSettled && preview.data && <Changes answer={preview.data} />}
        {isSettled && preview.isError && <ProblemAlert cause={preview.error} />}
        {change.isError && <ProblemAlert cause={change.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            type="submit"
            loading={change.isPending}
            disabled={wanted === undefined || !isSettled || !preview.isSuccess}
          >
            Move offsets
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function TargetField({ draft, onChange }: { draft: Draft; onChange: (draft: Draft) => void }) {
  if (draft.kind === "time") {
    const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
    return (
      <TextInput
        type="datetime-local"
        step={1}
        label={`Records written since (${zone})`}
        value={draft.time}
        onChange={(event) => onChange({ ...draft, time: event.currentTarget.value })}
      />
    );
  }
  if (draft.kind !== "shift" && draft.kind !== "offset") return null;
  const isShift = draft.kind === "shift";
  return (
    <NumberInput
      label={isShift ? "Records" : "Offset"}
      description={
        isShift
          ? "So many records on in each partition; a negative number goes back."
          : "The same in each partition; where there is none, the nearest that there is."
      }
      value={draft.number}
      onChange={(number) => onChange({ ...draft, number })}
      {...(isShift ? {} : { min: 0 })}
      allowDecimal={false}
      hideControls
    />
  );
}

function Done({
  answer,
  isPending,
  onUndo,
  onClose,
}: {
  answer: OffsetResetAnswer;
  isPending: boolean;
  onUndo: (undo: OffsetReset) => void;
  onClose: () => void;
}) {
  return (
    <Stack>
      <Text size="sm">
        The offsets are moved. Until this window is closed, one click undoes it.
      </Text>
      <Changes answer={answer} />
      <Group justify="flex-end">
        <Button variant="default" onClick={() => onUndo(answer.undo)} loading={isPending}>
          Undo
        </Button>
        <Button onClick={onClose}>Done</Button>
      </Group>
    </Stack>
  );
}

function Changes({ answer }: { answer: OffsetResetAnswer }) {
  const left = answer.changes.length - CHANGES_SHOWN;
  return (
    <Stack gap="xs">
      <Text size="sm" fw={600}>
        {whole(answer.lag_before)} unread before, {whole(answer.lag_after)} after
      </Text>
      <FigureTable
        label="What changes"
        columns={[
          { label: "Partition" },
          { label: "Before", isFigure: true },
          { label: "After", isFigure: true },
        ]}
        rows={answer.changes.slice(0, CHANGES_SHOWN).map((one) => ({
          key: `${one.topic}/${one.partition}`,
          cells: [`${one.topic}-${one.partition}`, offset(one.before), offset(one.after)],
        }))}
      />
      {left > 0 && <Text size="sm">and {plural(left, "partition")} more</Text>}
    </Stack>
  );
}

function offset(value: number | null): string {
  return value === null ? "none" : whole(value);
}
