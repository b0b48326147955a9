import page from "../../../../docs/topic-settings.md?raw";

/** A setting of topics as it is documented. */
export interface Documented {
  name: string;
  type: string;
  /** As it is written down; empty where the setting is. */
  default: string;
  /** What it may be, in words. */
  values: string;
  meaning: string;
  /** What may be chosen, where that is a choice between names; else undefined. */
  choices: readonly string[] | undefined;
  /** There is one value that it can have. */
  isFixed: boolean;
}

const HONOURED = "## Honoured";
const ROW = /^\| `([^`]+)` \| (.+) \|$/;
const CHOSEN_TYPES = new Set(["boolean", "string"]);
const NAMED = /`([^`]*)`/g;

/** Reads the table of the page that the broker writes about its settings. */
export function documentedSettings(text: string): Map<string, Documented> {
  const [, honoured = ""] = text.split(HONOURED);
  const [table = ""] = honoured.split("\n## ");
  const found = new Map<string, Documented>();
  for (const line of table.split("\n")) {
    const row = ROW.exec(line);
    const [type, standard, values, meaning, ...rest] = row?.[2]?.split(" | ") ?? [];
    const name = row?.[1];
    if (!name || !type || !standard || !values || !meaning || rest.length > 0) continue;
    found.set(name, {
      name,
      type,
      default: standard === "empty" ? "" : plain(standard),
      values: plain(values),
      meaning: plain(meaning),
      choices: choicesOf(type, values),
      isFixed: isFixed(values),
    });
  }
  return found;
}

/** The settings of topics that this service honours, by name. */
export const DOCUMENTED: ReadonlyMap<string, Documented> = documentedSettings(page);

function plain(markdown: string): string {
  return markdown.replaceAll("`", "");
}

function named(values: string): string[] {
  const [names = ""] = values.split(":");
  return [...names.matchAll(NAMED)].map(([, name = ""]) => name);
}

function choicesOf(type: string, values: string): readonly string[] | undefined {
  if (!CHOSEN_TYPES.has(type)) return undefined;
  if (values.startsWith("`")) return named(values);
  return type === "boolean" ? ["true", "false"] : undefined;
}

function isFixed(values: string): boolean {
  const range = /^(-?\d+) to (-?\d+)$/.exec(values);
  if (range) return range[1] === range[2];
  return values.startsWith("empty:") || (named(values).length === 1 && values.startsWith("`"));
}
