import { Text } from "@mantine/core";
import type { GroupLag, PartitionLag } from "../../api/groups";
import { FigureTable } from "../../parts/FigureTable";
import { moment, whole } from "../../parts/quantities";
import { Section } from "../../parts/Section";
import { span } from "./span";

const COLUMNS = [
  { label: "Partition" },
  { label: "Committed", isFigure: true, from: "md" },
  { label: "End", isFigure: true, from: "md" },
  { label: "Lag", isFigure: true },
  { label: "In time", isFigure: true },
  { label: "First unread", isFigure: true, from: "lg" },
  { label: "Read by", from: "lg" },
] as const;

/** How far a group is behind, by partition. */
export function Partitions({ lag }: { lag: GroupLag }) {
  return (
    <Section title="Partitions" description="What the group has committed, and what is unread.">
      {lag.items.length === 0 ? (
        <Text size="sm">The group has committed nothing yet.</Text>
      ) : (
        <FigureTable label="Partitions" columns={COLUMNS} rows={lag.items.map(row)} />
      )}
      {lag.partitions > lag.items.length && (
        <Text size="sm">
          {lag.items.length} of {lag.partitions} partitions are shown; the command line lists all.
        </Text>
      )}
    </Section>
  );
}

function row(one: PartitionLag) {
  return {
    key: `${one.topic}/${one.partition}`,
    cells: [
      `${one.topic}-${one.partition}`,
      count(one.committed_offset),
      count(one.log_end_offset),
      count(one.lag),
      span(one.lag_ms),
      one.first_unread_at === null ? "–" : moment(one.first_unread_at),
      one.client_id ?? "–",
    ],
  };
}

function count(number: number | null): string {
  return number === null ? "–" : whole(number);
}
