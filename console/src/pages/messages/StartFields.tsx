import { Input, NumberInput, SegmentedControl, Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useState } from "react";
import { instantOf, localText, type Mode, type Place, placeFrom } from "./place";

const MODES: { value: Mode; label: string }[] = [
  { value: "latest", label: "Live" },
  { value: "earliest", label: "Start" },
  { value: "offset", label: "Offset" },
  { value: "time", label: "Time" },
];
const ALL = "all";
const SEARCHABLE_FROM = 10;
const TYPING_MS = 400;

/** Asks where to read from, and which partitions. */
export function StartFields({
  place,
  partitions,
  onChange,
}: {
  place: Place;
  partitions: number;
  onChange: (place: Place) => void;
}) {
  const numbers = Array.from({ length: partitions }, (_, index) => ({
    value: String(index),
    label: `Partition ${index}`,
  }));
  return (
    <>
      <Input.Wrapper label="Read from" labelElement="div">
        <div>
          <SegmentedControl
            data={MODES}
            value={place.from ?? "latest"}
            onChange={(mode) => onChange(placeFrom(mode, place.partition, new Date()))}
            aria-label="Where to read from"
          />
        </div>
      </Input.Wrapper>
      {place.from === "offset" && (
        <OffsetField
          offset={place.offset ?? 0}
          onChange={(offset) => onChange({ ...place, offset })}
        />
      )}
      {place.from === "time" && (
        <TimeField since={place.since} onChange={(since) => onChange({ ...place, since })} />
      )}
      <Select
        label="Partition"
        data={
          place.from === "offset" ? numbers : [{ value: ALL, label: "All partitions" }, ...numbers]
        }
        value={place.partition === undefined ? ALL : String(place.partition)}
        onChange={(value) =>
          onChange({
            ...place,
            partition: value === null || value === ALL ? undefined : Number(value),
          })
        }
        allowDeselect={false}
        searchable={partitions > SEARCHABLE_FROM}
        w={160}
      />
    </>
  );
}

function OffsetField({ offset, onChange }: { offset: number; onChange: (offset: number) => void }) {
  const [typed, setTyped] = useState<number | string>(offset);
  const settle = useDebouncedCallback(onChange, TYPING_MS);
  return (
    <NumberInput
      label="Offset"
      value={typed}
      onChange={(value) => {
        setTyped(value);
        settle(Number(value) || 0);
      }}
      min={0}
      allowDecimal={false}
      hideControls
      w={130}
    />
  );
}

/** The browser's own field for date and time: it is used by keys and read aloud everywhere. */
function TimeField({
  since,
  onChange,
}: {
  since: string | undefined;
  onChange: (since: string) => void;
}) {
  const [typed, setTyped] = useState(() => (since === undefined ? "" : localText(new Date(since))));
  const settle = useDebouncedCallback(onChange, TYPING_MS);
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <TextInput
      type="datetime-local"
      step={1}
      label={`Written since (${zone})`}
      value={typed}
      onChange={(event) => {
        const text = event.currentTarget.value;
        setTyped(text);
        const instant = instantOf(text);
        if (instant !== undefined) settle(instant);
      }}
      error={instantOf(typed) === undefined ? "A date and a time, please" : undefined}
      w={250}
    />
  );
}
