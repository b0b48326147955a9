import type { AccessRule, Quota } from "../../api/rights";

/** What a rule is about, as one reads it. */
export function resource(rule: AccessRule): string {
  const kind = rule.resource_type.replaceAll("_", " ");
  if (rule.resource_type === "cluster") return "the cluster";
  if (rule.pattern_type === "prefixed") return `${kind} ${rule.resource_name}…`;
  return rule.resource_name === "*" ? `every ${kind}` : `${kind} ${rule.resource_name}`;
}

/** Whom a rule is about, as one reads it. */
export function who(rule: AccessRule): string {
  const name = rule.principal === "User:*" ? "everyone" : rule.principal.replace(/^User:/, "");
  return rule.host === "*" ? name : `${name} from ${rule.host}`;
}

/** A text that no other rule of a cluster has. */
export function ruleKey(rule: AccessRule): string {
  return JSON.stringify([
    rule.resource_type,
    rule.resource_name,
    rule.pattern_type,
    rule.principal,
    rule.host,
    rule.operation,
    rule.permission,
  ]);
}

/** Whom a quota is for, as one reads it. */
export function entity(quota: Quota): string {
  return quota.entity
    .map(({ type, name }) => {
      const kind = type.replace("-", " ");
      return name === null ? `every other ${kind}` : `${kind} ${name}`;
    })
    .join(", ");
}
