import type { NewAccessRule } from "../../api/rights";

interface Choice<T> {
  value: T;
  label: string;
}

/** What the cluster itself is called in access rules. */
export const CLUSTER_NAME = "kafka-cluster";

export const PERMISSIONS: Choice<NonNullable<NewAccessRule["permission"]>>[] = [
  { value: "allow", label: "Allow" },
  { value: "deny", label: "Deny, whatever other rules say" },
];

export const RESOURCE_TYPES: Choice<NewAccessRule["resource_type"]>[] = [
  { value: "topic", label: "Topic" },
  { value: "group", label: "Consumer group" },
  { value: "transactional_id", label: "Transactional id" },
  { value: "cluster", label: "The cluster" },
];

export const PATTERNS: Choice<NonNullable<NewAccessRule["pattern_type"]>>[] = [
  { value: "literal", label: "Of exactly this name" },
  { value: "prefixed", label: "Whose names begin so" },
];

export const OPERATIONS: Choice<NewAccessRule["operation"]>[] = [
  { value: "read", label: "Read: consume, commit offsets" },
  { value: "write", label: "Write: produce" },
  { value: "describe", label: "Describe: see that it is there" },
  { value: "create", label: "Create" },
  { value: "delete", label: "Delete" },
  { value: "alter", label: "Alter: partitions, access rules" },
  { value: "describe_configs", label: "Describe settings" },
  { value: "alter_configs", label: "Alter settings" },
  { value: "idempotent_write", label: "Idempotent write" },
  { value: "all", label: "Everything" },
];
