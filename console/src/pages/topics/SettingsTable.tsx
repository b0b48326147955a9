import { ActionIcon, Badge, Table, Text } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { Fragment, useState } from "react";
import type { Topic } from "../../api/queries";
import { Section } from "../../parts/Section";
import { ChangeSetting } from "./ChangeSetting";
import { DOCUMENTED, type Documented } from "./documented";
import { inWords } from "./inWords";

/** Every setting of a topic: what it is, where that comes from, and a way to change it. */
export function SettingsTable({ topic }: { topic: Topic }) {
  const [changing, setChanging] = useState<Documented>();
  const entries = Object.entries(topic.configs).sort(([a], [b]) => a.localeCompare(b));
  return (
    <Section
      title="Configuration"
      description="As the cluster itself tells it. Changes are in force at once."
    >
      <Table layout="fixed" verticalSpacing="xs" horizontalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Setting</Table.Th>
            <Table.Th>Value</Table.Th>
            <Table.Th visibleFrom="sm" w={110}>
              Source
            </Table.Th>
            <Table.Td w={50} />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {entries.map(([name, entry]) => (
            <Row
              key={name}
              name={name}
              entry={entry}
              onChange={(setting) => setChanging(setting)}
            />
          ))}
        </Table.Tbody>
      </Table>
      <ChangeSetting topic={topic} setting={changing} onClose={() => setChanging(undefined)} />
    </Section>
  );
}

function Row({
  name,
  entry,
  onChange,
}: {
  name: string;
  entry: Topic["configs"][string];
  onChange: (setting: Documented) => void;
}) {
  const setting = DOCUMENTED.get(name);
  const words = inWords(name, entry.value ?? "");
  return (
    <Table.Tr>
      <Table.Td
        className="mono"
        fz="sm"
        style={{ overflowWrap: "anywhere" }}
        title={setting?.meaning}
      >
        {name.split(".").map((part, index) => (
          <Fragment key={part}>
            {index > 0 && (
              <>
                .<wbr />
              </>
            )}
            {part}
          </Fragment>
        ))}
      </Table.Td>
      <Table.Td className="mono" fz="sm" style={{ overflowWrap: "anywhere" }}>
        {entry.value || "–"}
        {words !== undefined && (
          <Text size="xs" c="dimmed" ff="text">
            {words}
          </Text>
        )}
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <Badge variant="light" color={entry.is_default ? "gray" : "water"} tt="none">
          {entry.is_default ? "default" : "chosen"}
        </Badge>
      </Table.Td>
      <Table.Td>
        {setting && !setting.isFixed && (
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={`Change ${name}`}
            onClick={() => onChange(setting)}
          >
            <IconPencil size={16} />
          </ActionIcon>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
