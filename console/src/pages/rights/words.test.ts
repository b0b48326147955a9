import { describe, expect, it } from "vitest";
import type { AccessRule } from "../../api/rights";
import { entity, resource, ruleKey, who } from "./words";

const RULE: AccessRule = {
  cluster_id: "lkc_1",
  resource_type: "topic",
  resource_name: "orders",
  pattern_type: "literal",
  principal: "User:importer",
  host: "*",
  operation: "read",
  permission: "allow",
};

describe("rules in words", () => {
  it("say what they are about", () => {
    expect(resource(RULE)).toBe("topic orders");
    expect(resource({ ...RULE, pattern_type: "prefixed" })).toBe("topic orders…");
    expect(resource({ ...RULE, resource_type: "transactional_id", resource_name: "*" })).toBe(
      "every transactional id",
    );
    expect(resource({ ...RULE, resource_type: "cluster" })).toBe("the cluster");
  });

  it("say whom they are about", () => {
    expect(who(RULE)).toBe("importer");
    expect(who({ ...RULE, principal: "User:*", host: "192.0.2.7" })).toBe(
      "everyone from 192.0.2.7",
    );
  });

  it("are told apart", () => {
    expect(ruleKey(RULE)).not.toBe(ruleKey({ ...RULE, permission: "deny" }));
  });
});

describe("quotas in words", () => {
  it("say whom they are for", () => {
    const parts = [
      { type: "user" as const, name: "importer" },
      { type: "client-id" as const, name: null },
    ];
    expect(entity({ cluster_id: "lkc_1", entity: parts, rates: {} })).toBe(
      "user importer, every other client id",
    );
  });
});
