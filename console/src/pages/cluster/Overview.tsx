import { SimpleGrid, Stack, Table, Text } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import type { Cluster } from "../../api/queries";
import { useCluster } from "../../api/useCluster";
import { CodeBlock } from "../../parts/CodeBlock";
import { moment } from "../../parts/quantities";
import { Section } from "../../parts/Section";
import { Connect } from "./Connect";

/** Where a cluster is, what it is, and programs that use it. */
export function Overview() {
  const { clusterId } = useParams({ from: "/signed-in/clusters/$clusterId" });
  const { data } = useCluster(clusterId);
  if (data === undefined) return null;
  return (
    <Stack gap="lg">
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
        <Addresses cluster={data} />
        <Facts cluster={data} />
      </SimpleGrid>
      <Connect cluster={data} />
    </Stack>
  );
}

function Addresses({ cluster }: { cluster: Cluster }) {
  const kafka = cluster.endpoints.kafka;
  const rows: [string, string | null | undefined][] = [
    ["Kafka bootstrap server (SASL over TLS)", kafka?.sasl_ssl],
    ["Kafka bootstrap server (SASL, this machine only)", kafka?.sasl_plaintext],
    ["Kafka bootstrap server (client certificates)", kafka?.ssl],
    ["HTTPS", cluster.endpoints.rest],
  ];
  return (
    <Section title="Addresses">
      <Stack gap="sm">
        {rows.map(([label, address]) =>
          address ? (
            <Stack key={label} gap={4}>
              <Text size="sm" c="dimmed">
                {label}
              </Text>
              <CodeBlock label={label}>{address}</CodeBlock>
            </Stack>
          ) : null,
        )}
      </Stack>
    </Section>
  );
}

const OPEN_TO: Record<Cluster["access"], string> = {
  full: "everything",
  read_only: "reading and deleting alone",
  suspended: "nobody: it is suspended",
};

function Facts({ cluster }: { cluster: Cluster }) {
  const isSettled = cluster.observed_generation === cluster.generation;
  const facts: [string, string][] = [
    ["Id", cluster.id],
    ["Plan", cluster.plan],
    ["Engine", cluster.engine],
    ["Created", moment(cluster.created_at)],
    ["Configuration", isSettled ? "in force" : "being applied"],
    ["Authentication", "SCRAM-SHA-512, SCRAM-SHA-256, PLAIN"],
    ["Clients from", cluster.allowed_networks.join(", ") || "everywhere"],
    ["Open to", OPEN_TO[cluster.access]],
    ...(cluster.access_reason ? [["Because", cluster.access_reason] as [string, string]] : []),
  ];
  return (
    <Section title="About this cluster">
      <Table layout="fixed" verticalSpacing="sm">
        <Table.Tbody>
          {facts.map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th scope="row" w={140} fw={500} c="dimmed" pl={0}>
                {name}
              </Table.Th>
              <Table.Td style={{ overflowWrap: "anywhere" }}>{value}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Section>
  );
}
