import { ActionIcon } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";

/** Begins to take a row away. */
export function RemoveButton({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <ActionIcon variant="subtle" color="gray" onClick={onClick} aria-label={label}>
      <IconTrash size={16} aria-hidden />
    </ActionIcon>
  );
}
