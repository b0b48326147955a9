/** One setting of a topic as the form asks for it. */
export interface Setting {
  name: string;
  label: string;
  documentation: string;
  choices: readonly { value: string; label: string }[];
}

/** Stands for leaving a setting to the cluster's own default. */
export const DEFAULT = "";

const DAY_MS = 86_400_000;
const GIB = 1024 ** 3;

/** The settings that a person chooses when making a topic; the API takes every other as well. */
export const SETTINGS: readonly Setting[] = [
  {
    name: "retention.ms",
    label: "Keep records for",
    documentation: "Older segments are deleted.",
    choices: [
      { value: DEFAULT, label: "7 days (default)" },
      { value: String(DAY_MS / 24), label: "1 hour" },
      { value: String(DAY_MS), label: "1 day" },
      { value: String(30 * DAY_MS), label: "30 days" },
      { value: String(365 * DAY_MS), label: "1 year" },
      { value: "-1", label: "For ever" },
    ],
  },
  {
    name: "retention.bytes",
    label: "Keep at most, per partition",
    documentation: "The oldest segments go when a partition grows beyond it.",
    choices: [
      { value: DEFAULT, label: "No limit (default)" },
      { value: String(GIB), label: "1 GiB" },
      { value: String(10 * GIB), label: "10 GiB" },
      { value: String(100 * GIB), label: "100 GiB" },
    ],
  },
  {
    name: "max.message.bytes",
    label: "Largest record batch",
    documentation: "As sent, so after compression.",
    choices: [
      { value: DEFAULT, label: "1 MiB (default)" },
      { value: String(64 * 1024), label: "64 KiB" },
      { value: String(4 * 1024 ** 2), label: "4 MiB" },
      { value: String(8 * 1024 ** 2), label: "8 MiB" },
    ],
  },
  {
    name: "message.timestamp.type",
    label: "Timestamps",
    documentation: "Whose clock a record's timestamp comes from.",
    choices: [
      { value: DEFAULT, label: "The producer's (default)" },
      { value: "LogAppendTime", label: "The broker's" },
    ],
  },
];

/** The configurations to send: what was chosen, without what is left to the cluster. */
export function chosenConfigs(chosen: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== DEFAULT));
}
