import { NumberInput, SegmentedControl, SimpleGrid } from "@mantine/core";
import { Section } from "../../parts/Section";
import { EXAMPLES, exampleOf, GIGABYTES_MAX, PLACES_MAX, type Use } from "./use";

const PARTITIONS_MAX = 100_000;
const OTHER = "Other";

const GIGABYTES = [
  { key: "gbIn", label: "GB in, per day", description: "What producers send." },
  { key: "gbOut", label: "GB out, per day", description: "What all consumers read." },
  { key: "gbStored", label: "GB kept", description: "What retention leaves." },
] as const;

/** What a cluster will be used for: the price of it is shown beside. */
export function UseFields({ use, onChange }: { use: Use; onChange: (use: Use) => void }) {
  const example = exampleOf(use);
  const names = [...EXAMPLES.map((each) => each.name), ...(example === undefined ? [OTHER] : [])];
  return (
    <Section
      title="Expected use"
      description="For the price alone. You are billed for what is used, never for what was expected."
    >
      <SegmentedControl
        aria-label="Examples of use"
        data={names}
        value={example ?? OTHER}
        onChange={(name) => {
          const chosen = EXAMPLES.find((each) => each.name === name);
          if (chosen) onChange(chosen.use);
        }}
        w="fit-content"
        maw="100%"
      />
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        {GIGABYTES.map(({ key, label, description }) => (
          <NumberInput
            key={key}
            label={label}
            description={description}
            value={use[key]}
            onChange={(value) => onChange({ ...use, [key]: String(value) })}
            min={0}
            max={GIGABYTES_MAX}
            clampBehavior="strict"
            decimalScale={PLACES_MAX}
            allowNegative={false}
            hideControls
          />
        ))}
        <NumberInput
          label="Partitions"
          description="Of all topics together."
          value={Number.isNaN(use.partitions) ? "" : use.partitions}
          onChange={(value) =>
            onChange({ ...use, partitions: value === "" ? Number.NaN : Number(value) })
          }
          min={0}
          max={PARTITIONS_MAX}
          clampBehavior="strict"
          allowDecimal={false}
          allowNegative={false}
          hideControls
        />
      </SimpleGrid>
    </Section>
  );
}
