import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";
import { ProblemAlert } from "./ProblemAlert";
import { Window } from "./Window";

/** Asks to type a name before something is gone; `options` may say how. */
export function ConfirmByName({
  title,
  name,
  action,
  opened,
  onClose,
  onConfirm,
  isPending,
  cause,
  options,
  children,
}: {
  title: string;
  name: string;
  action: string;
  opened: boolean;
  onClose: () => void;
  onConfirm: () => void;
  isPending: boolean;
  cause: unknown;
  options?: ReactNode;
  children: ReactNode;
}) {
  const [typed, setTyped] = useState("");
  const close = () => {
    setTyped("");
    onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (typed === name) onConfirm();
  };
  return (
    <Window opened={opened} onClose={close} title={title}>
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm">{children}</Text>
          <TextInput
            label={`Type ${name} to confirm`}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            autoComplete="off"
            spellCheck={false}
            data-autofocus
          />
          {options}
          {cause !== null && <ProblemAlert cause={cause} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Keep it
            </Button>
            <Button type="submit" color="red.9" disabled={typed !== name} loading={isPending}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Window>
  );
}
