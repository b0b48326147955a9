import { Badge } from "@mantine/core";
import type { Cluster } from "../api/queries";

const COLORS: Record<Cluster["status"], string> = {
  running: "teal",
  creating: "blue",
  updating: "blue",
  resuming: "blue",
  pausing: "yellow",
  paused: "yellow",
  deleting: "orange",
  deleted: "gray",
  purged: "gray",
  failed: "red",
};

/** A cluster's status in a word; colour only repeats what the word says. */
export function StatusBadge({ status }: { status: Cluster["status"] }) {
  return (
    <Badge color={COLORS[status]} variant="dot" tt="none" fw={600} style={{ flexShrink: 0 }}>
      {status}
    </Badge>
  );
}
