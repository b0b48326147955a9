import { Badge } from "@mantine/core";

const COLORS: Record<string, string> = { stable: "teal", empty: "gray", dead: "gray" };

/** A group's state in words; colour only repeats what they say. */
export function GroupState({ state }: { state: string }) {
  return (
    <Badge
      color={COLORS[state] ?? "yellow"}
      variant="dot"
      tt="none"
      fw={600}
      style={{ flexShrink: 0 }}
    >
      {state.replaceAll("_", " ")}
    </Badge>
  );
}
