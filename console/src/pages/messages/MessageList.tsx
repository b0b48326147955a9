import { Badge, Box, Group, Stack, Table, Text, UnstyledButton } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { memo, useId, useState } from "react";
import { CodeBlock } from "../../parts/CodeBlock";
import { bytes, instant, plural } from "../../parts/quantities";
import { decode, type Format } from "./decode";
import type { Message } from "./reading";

const LINE_LENGTH_MAX = 300;
const LINE_BYTES_MAX = 4 * LINE_LENGTH_MAX;

/** Records, one a line; a line opens to show its record whole. */
export function MessageList({
  messages,
  format,
}: {
  messages: readonly Message[];
  format: Format;
}) {
  if (messages.length === 0) return null;
  return (
    <Box component="ul" m={0} p={0} style={{ listStyle: "none" }} aria-label="Records">
      {messages.map((message) => (
        <Line key={`${message.partition}:${message.offset}`} message={message} format={format} />
      ))}
    </Box>
  );
}

const Line = memo(function Line({ message, format }: { message: Message; format: Format }) {
  const [isOpen, setOpen] = useState(false);
  const detail = useId();
  return (
    <li className="record">
      <UnstyledButton
        className="record-line mono"
        fz={13}
        onClick={() => setOpen((before) => !before)}
        aria-expanded={isOpen}
        aria-controls={detail}
      >
        <span aria-hidden>
          {isOpen ? <IconChevronDown size={14} /> : <IconChevronRight size={14} />}
        </span>
        <Text span inherit c="dimmed" title="Partition">
          p{message.partition}
        </Text>
        <Text span inherit c="dimmed" title="Offset">
          @{message.offset}
        </Text>
        <Text span inherit c="dimmed" title="Timestamp">
          {instant(message.timestamp)}
        </Text>
        <Text span inherit className="key" title="Key">
          {short(message.key, format)}
        </Text>
        <Text span inherit className="value" title="Value">
          {short(message.value, format)}
        </Text>
      </UnstyledButton>
      <div id={detail} hidden={!isOpen}>
        {isOpen && <Detail message={message} format={format} />}
      </div>
    </li>
  );
});

function Detail({ message, format }: { message: Message; format: Format }) {
  return (
    <Stack gap="sm" px={14} pb="md" pt={4}>
      <Part name="Key" content={message.key} format={format} />
      <Part name="Value" content={message.value} format={format} />
      <Text size="sm" fw={600}>
        {message.headers.length === 0 ? "No headers" : plural(message.headers.length, "header")}
      </Text>
      {message.headers.length > 0 && (
        <Table layout="fixed" verticalSpacing={6} aria-label="Headers">
          <Table.Tbody>
            {message.headers.map(({ name, value }, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: names of headers may repeat, their order stays
              <Table.Tr key={index}>
                <Table.Th
                  w={200}
                  scope="row"
                  className="mono"
                  fz={13}
                  style={{ overflowWrap: "anywhere" }}
                >
                  {name}
                </Table.Th>
                <Table.Td className="mono" fz={13} style={{ overflowWrap: "anywhere" }}>
                  {value === null ? "null" : decode(value, format, false).text}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Stack>
  );
}

function Part({
  name,
  content,
  format,
}: {
  name: string;
  content: Uint8Array | null;
  format: Format;
}) {
  const decoded = content === null ? undefined : decode(content, format, true);
  return (
    <Stack gap={4}>
      <Group gap="xs">
        <Text size="sm" fw={600}>
          {name}
        </Text>
        <Badge size="sm" variant="light" color="gray" tt="none">
          {decoded === undefined ? "null" : `${decoded.as}, ${bytes(content?.length ?? 0)}`}
        </Badge>
      </Group>
      {decoded !== undefined && (
        <CodeBlock label={name.toLowerCase()} wrap>
          {decoded.text}
        </CodeBlock>
      )}
    </Stack>
  );
}

/** One line of the beginning of some bytes. */
function short(content: Uint8Array | null, format: Format): string {
  if (content === null) return "null";
  if (content.length <= LINE_BYTES_MAX) {
    return decode(content, format, false).text.slice(0, LINE_LENGTH_MAX);
  }
  // What is cut is no JSON any more and may end within a character: look at the whole only for how.
  const { text } = decode(content, format, false);
  return `${text.slice(0, LINE_LENGTH_MAX)}…`;
}
