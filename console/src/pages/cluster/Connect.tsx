import { Autocomplete, Button, Group, Stack, Tabs, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconDownload, IconKey } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useRouteContext } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { type Cluster, topics } from "../../api/queries";
import { CodeBlock } from "../../parts/CodeBlock";
import { LinkAnchor } from "../../parts/LinkAnchor";
import { Section } from "../../parts/Section";
import { CreateKey } from "../keys/CreateKey";
import type { CreatedKey } from "../keys/Secret";
import { CA_FILE, snippets } from "./snippets";

const KEY_PLACEHOLDER = { id: "YOUR_KEY_ID", secret: "YOUR_KEY_SECRET" };
const TOPIC_PLACEHOLDER = "greetings";

/** Three steps to a first record, ending in a program that works as it stands. */
export function Connect({ cluster }: { cluster: Cluster }) {
  const { session } = useRouteContext({ from: "/signed-in" });
  const found = useQuery(topics(cluster.id));
  const [isCreating, { open, close }] = useDisclosure();
  const [key, setKey] = useState<CreatedKey>();
  const [typed, setTyped] = useState<string>();
  const names = found.data?.map((each) => each.name) ?? [];
  const topic = typed ?? names[0] ?? TOPIC_PLACEHOLDER;
  const programs = snippets({
    clusterId: cluster.id,
    servers: cluster.endpoints.kafka?.sasl_ssl ?? "",
    rest: cluster.endpoints.rest,
    topic: topic === "" ? TOPIC_PLACEHOLDER : topic,
    username: (key ?? KEY_PLACEHOLDER).id,
    password: (key ?? KEY_PLACEHOLDER).secret,
  });
  return (
    <Section
      title="Connect"
      description="Take the certificate and a key, and the programs below work as they stand."
    >
      <Group align="flex-end" gap="md">
        {session.cluster_id === null && (
          <Button
            variant={key === undefined ? "filled" : "default"}
            leftSection={<IconKey size={16} aria-hidden />}
            onClick={open}
          >
            Create API key
          </Button>
        )}
        {cluster.ca_certificate && <DownloadAuthority pem={cluster.ca_certificate} />}
        <Autocomplete
          label="Topic"
          value={topic}
          onChange={setTyped}
          data={names}
          w={{ base: "100%", xs: 240 }}
        />
      </Group>
      <Text size="sm" c="dimmed">
        {key === undefined
          ? "The programs show placeholders until you create a key here; a key's secret is shown only then."
          : "The programs carry the key that you just created; it is gone from here when you leave this page."}
        {found.data?.length === 0 && (
          <>
            {" "}
            There is no topic yet:{" "}
            <LinkAnchor
              to="/clusters/$clusterId/topics"
              params={{ clusterId: cluster.id }}
              underline="always"
            >
              create one
            </LinkAnchor>
            .
          </>
        )}
      </Text>
      <Tabs defaultValue={programs[0]?.label ?? null} variant="outline" keepMounted={false}>
        <Tabs.List aria-label="Language">
          {programs.map(({ label }) => (
            <Tabs.Tab key={label} value={label}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {programs.map(({ label, note, text }) => (
          <Tabs.Panel key={label} value={label} pt="md">
            <Stack gap="xs">
              <Text size="sm" c="dimmed">
                {note}
              </Text>
              <CodeBlock label={`${label} snippet`}>{text}</CodeBlock>
            </Stack>
          </Tabs.Panel>
        ))}
      </Tabs>
      <CreateKey
        opened={isCreating}
        onClose={close}
        onCreated={setKey}
        cluster={{ id: cluster.id, name: cluster.name }}
      />
    </Section>
  );
}

/** The certificate to trust, as a file. */
function DownloadAuthority({ pem }: { pem: string }) {
  const href = useMemo(
    () => URL.createObjectURL(new Blob([pem], { type: "application/x-pem-file" })),
    [pem],
  );
  useEffect(() => () => URL.revokeObjectURL(href), [href]);
  return (
    <Stack gap={4}>
      <Button
        component="a"
        href={href}
        download={CA_FILE}
        variant="default"
        leftSection={<IconDownload size={16} aria-hidden />}
      >
        Download {CA_FILE}
      </Button>
    </Stack>
  );
}
