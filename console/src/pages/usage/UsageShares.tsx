import { SimpleGrid, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useRouteContext } from "@tanstack/react-router";
import { apiKeys } from "../../api/queries";
import type { UsageItem } from "../../api/usage";
import { FigureTable } from "../../parts/FigureTable";
import { bytes, whole } from "../../parts/quantities";
import { Section } from "../../parts/Section";
import { type Share, shares } from "./series";

const SHOWN_MAX = 100;
const USER = "User:";

/** A period by topic and by who wrote and read. */
export function UsageShares({
  byTopic,
  byPrincipal,
}: {
  byTopic: readonly UsageItem[];
  byPrincipal: readonly UsageItem[];
}) {
  const { session } = useRouteContext({ from: "/signed-in" });
  const keys = useQuery({ ...apiKeys, enabled: session.cluster_id === null });
  const names = new Map(keys.data?.map((key) => [`${USER}${key.id}`, key.name]));
  const topics = shares(byTopic, ({ topic_id, topic }) => ({
    key: topic_id ?? "",
    name: topic ?? "",
  }));
  const principals = shares(byPrincipal, ({ principal }) => ({
    key: principal ?? "",
    name: names.get(principal ?? "") ?? (principal ?? "").replace(USER, ""),
  }));
  return (
    <SimpleGrid cols={{ base: 1, xl: 2 }} spacing="lg">
      <Shares title="By topic" first="Topic" all={topics} />
      <Shares title="By key" first="Key" all={principals} />
    </SimpleGrid>
  );
}

function Shares({ title, first, all }: { title: string; first: string; all: readonly Share[] }) {
  return (
    <Section title={title}>
      {all.length === 0 ? (
        <Text size="sm" c="dimmed">
          Nothing was written or read.
        </Text>
      ) : (
        <FigureTable
          label={title}
          columns={[
            { label: first },
            { label: "In", isFigure: true },
            { label: "Out", isFigure: true },
            { label: "Records in", isFigure: true, from: "sm" },
            { label: "Requests", isFigure: true, from: "sm" },
          ]}
          rows={all.slice(0, SHOWN_MAX).map((share) => ({
            key: share.key,
            cells: [
              share.name,
              bytes(share.bytes_in),
              bytes(share.bytes_out),
              whole(share.records_in),
              whole(share.requests),
            ],
          }))}
        />
      )}
      {all.length > SHOWN_MAX && (
        <Text size="sm" c="dimmed">
          {SHOWN_MAX} of {all.length} are shown, the busiest.
        </Text>
      )}
    </Section>
  );
}
