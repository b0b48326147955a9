import { describe, expect, it } from "vitest";
import { DOCUMENTED, documentedSettings } from "./documented";

const TABLE = `# Settings
## Honoured

| setting | type | default | values | meaning |
|---|---|---|---|---|
| \`retention.ms\` | long | \`604800000\` | -1 to 900 | How long records are kept. |
| \`cleanup.policy\` | list | \`delete\` | \`delete\`, \`compact\` or empty: no others | What happens. |
| \`message.timestamp.type\` | string | \`CreateTime\` | \`CreateTime\`, \`LogAppendTime\`: no others | Whose. |
| \`preallocate\` | boolean | \`false\` | \`false\`: segments grow | Never. |
| \`throttled.replicas\` | list | empty | empty: there are none | None. |
| \`min.insync.replicas\` | int | \`1\` | 1 to 1 | How many. |

## Refused

| setting | why |
|---|---|
| \`segment.jitter.ms\` | closed at exactly segment.ms |
`;

describe("documented settings", () => {
  const found = documentedSettings(TABLE);

  it("are read from the table", () => {
    expect(found.get("retention.ms")).toEqual({
      name: "retention.ms",
      type: "long",
      default: "604800000",
      values: "-1 to 900",
      meaning: "How long records are kept.",
      choices: undefined,
      isFixed: false,
    });
    expect(found.has("segment.jitter.ms")).toBe(false);
  });

  it("are a choice where there are names to choose from", () => {
    expect(found.get("message.timestamp.type")?.choices).toEqual(["CreateTime", "LogAppendTime"]);
    expect(found.get("cleanup.policy")?.choices).toBeUndefined();
  });

  it("that have one value are fixed", () => {
    const fixed = [...found.values()].filter(({ isFixed }) => isFixed).map(({ name }) => name);
    expect(fixed).toEqual(["preallocate", "throttled.replicas", "min.insync.replicas"]);
    expect(found.get("throttled.replicas")?.default).toBe("");
  });

  it("of the broker are all there", () => {
    expect(DOCUMENTED.size).toBeGreaterThan(20);
    expect(DOCUMENTED.get("retention.ms")?.default).toBe("604800000");
    expect(DOCUMENTED.get("message.timestamp.type")?.choices).toEqual([
      "CreateTime",
      "LogAppendTime",
    ]);
  });
});
