import { Text } from "@mantine/core";
import type { GroupDetail } from "../../api/groups";
import { FigureTable } from "../../parts/FigureTable";
import { Section } from "../../parts/Section";

const SHOWN_MAX = 100;
const PARTITIONS_MAX = 12;

type Member = GroupDetail["members"][number];

/** The consumers that are in a group now. */
export function Members({ members }: { members: readonly Member[] }) {
  return (
    <Section title="Members" description="The consumers that are in the group now.">
      {members.length === 0 ? (
        <Text size="sm">None: what is committed waits for the next one.</Text>
      ) : (
        <FigureTable
          label="Members"
          columns={[{ label: "Client" }, { label: "Host", from: "sm" }, { label: "Reads" }]}
          rows={members.slice(0, SHOWN_MAX).map((member) => ({
            key: member.member_id,
            cells: [member.instance_id ?? member.client_id, member.host, reads(member)],
          }))}
        />
      )}
      {members.length > SHOWN_MAX && (
        <Text size="sm">
          {SHOWN_MAX} of {members.length} members are shown.
        </Text>
      )}
    </Section>
  );
}

function reads(member: Member): string {
  const names = member.partitions.map((one) => `${one.topic}-${one.partition}`);
  if (names.length === 0) return "nothing";
  const shown = names.slice(0, PARTITIONS_MAX).join(", ");
  return names.length > PARTITIONS_MAX
    ? `${shown} and ${names.length - PARTITIONS_MAX} more`
    : shown;
}
