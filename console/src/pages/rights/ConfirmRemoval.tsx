import { Button, Group, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { Window } from "../../parts/Window";

/** Asks once more before a row goes. */
export function ConfirmRemoval({
  title,
  action,
  opened,
  onClose,
  onConfirm,
  isPending,
  cause,
  children,
}: {
  title: string;
  action: string;
  opened: boolean;
  onClose: () => void;
  onConfirm: () => void;
  isPending: boolean;
  cause: unknown;
  children: ReactNode;
}) {
  return (
    <Window opened={opened} onClose={onClose} title={title}>
      <Stack>
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>
          {children}
        </Text>
        {cause !== null && <ProblemAlert cause={cause} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Keep it
          </Button>
          <Button color="red.9" loading={isPending} onClick={onConfirm}>
            {action}
          </Button>
        </Group>
      </Stack>
    </Window>
  );
}
